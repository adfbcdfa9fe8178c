//! Which prompt version a generation counts for: its own link, else that of the nearest ancestor that carries one.

use std::collections::HashMap;

use super::summary::LinkKey;

/// The spans of one trace as far as links go.
#[derive(Default)]
pub(super) struct Tree {
    nodes: HashMap<u64, (Option<u64>, Option<LinkKey>)>,
    /// What a child of the span would inherit.
    bequest: HashMap<u64, Option<LinkKey>>,
}

impl Tree {
    pub(super) fn insert(&mut self, span: u64, parent: Option<u64>, own: Option<LinkKey>) {
        self.nodes.insert(span, (parent, own));
    }

    /// The span's own link, else the nearest ancestor's. Parents that point at each other in a circle bequeath what is found
    /// on the way round, or nothing.
    pub(super) fn link(&mut self, span: u64) -> Option<LinkKey> {
        let mut path = Vec::new();
        let mut at = Some(span);
        let mut found = None;
        while let Some(here) = at {
            if let Some(known) = self.bequest.get(&here) {
                found = *known;
                break;
            }
            let Some((parent, own)) = self.nodes.get(&here) else { break };
            path.push(here);
            // Marked before it is known: coming back to it means a circle without a link.
            self.bequest.insert(here, None);
            if own.is_some() {
                found = *own;
                break;
            }
            at = *parent;
        }
        for here in path {
            self.bequest.insert(here, found);
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_ancestor_wins_and_circles_end() {
        let mut tree = Tree::default();
        tree.insert(1, None, Some((10, 1)));
        tree.insert(2, Some(1), None);
        tree.insert(3, Some(2), Some((10, 2)));
        tree.insert(4, Some(3), None);
        tree.insert(5, Some(2), None);
        tree.insert(6, Some(99), None);
        assert_eq!(tree.link(4), Some((10, 2)));
        assert_eq!(tree.link(5), Some((10, 1)));
        assert_eq!(tree.link(6), None);
        tree.insert(20, Some(21), None);
        tree.insert(21, Some(20), None);
        assert_eq!(tree.link(20), None);
        tree.insert(30, Some(31), None);
        tree.insert(31, Some(32), Some((10, 3)));
        tree.insert(32, Some(30), None);
        assert_eq!(tree.link(32), Some((10, 3)));
        assert_eq!(tree.link(30), Some((10, 3)));
    }
}
