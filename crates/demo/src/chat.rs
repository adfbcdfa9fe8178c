//! `chat/companion`: a conversation of two people, one of them in the model's place, with their real ratings at its end.

use domain::{
    Invalid,
    score::{ScoreTarget, ScoreValue},
    time::TimeNs,
    trace::SpanKind,
};
use serde_json::{Value, json};
use stats::random::Generator;

use crate::{
    Episode,
    data::Chat,
    history::CHAT_TIMELINE,
    model::{PEOPLE, nanos},
    traffic::Moment,
    write::{Asked, Visit, Writer, score},
};

/// Most replies of one conversation.
const MOST_REPLIES: usize = 6;
/// Turns of the conversation a reply is given.
const REMEMBERED: usize = 8;

pub(crate) fn episode(
    chat: &Chat,
    number: u64,
    visit: &Visit,
    moment: &Moment<'_>,
    random: &mut Generator,
) -> Result<Episode, Invalid> {
    // A conversation keeps the version it began with.
    let version = CHAT_TIMELINE.version_at(&visit.user, moment, random);
    let visit = Visit { session: Some(format!("chat-{number:07}")), ..visit.clone() };
    let turns = turns(chat);
    let mut episode = Episode::default();
    let mut clock = moment.at.to_ns().0;
    let replies = turns.iter().enumerate().filter(|(index, turn)| turn.reply && *index > 0).take(MOST_REPLIES);
    for (index, turn) in replies {
        let history: Vec<Value> = turns
            .get(index.saturating_sub(REMEMBERED)..index)
            .unwrap_or_default()
            .iter()
            .map(|turn| json!({ "role": if turn.reply { "assistant" } else { "user" }, "content": turn.text }))
            .collect();
        let read = history.iter().map(|message| message.to_string().len()).sum();
        let call = PEOPLE.call(read, turn.text.len(), random);
        let asked =
            Asked { prompt: CHAT_TIMELINE.prompt, version, model: PEOPLE.name, input: Value::Array(history), call };
        let mut writer = Writer::new("chat-turn", &visit, random)?;
        let mut root = writer.span(None, "chat-turn", SpanKind::Agent, clock, clock)?;
        let generation = writer.generation(root.span_id, "reply", clock + nanos(0.8), asked, &turn.text)?;
        root.end_ns = TimeNs(generation.end_ns.0 + nanos(0.5));
        root.input = turns.get(index - 1).map(|before| json!({ "opening": chat.prompt, "message": before.text }));
        root.output = Some(Value::String(turn.text.clone()));
        clock = root.end_ns.0 + nanos(12_000.0 + 55_000.0 * random.uniform());
        episode.spans.extend([root, generation]);
    }
    let rated = TimeNs(clock + nanos(20_000.0)).to_us();
    if rated < moment.end && !episode.spans.is_empty() {
        let ratings = chat.ratings;
        for (name, stars) in
            [("witty", ratings.witty), ("upbeat", ratings.upbeat), ("interesting", ratings.interesting)]
        {
            let target = ScoreTarget::Session { session: visit.session.clone().unwrap_or_default() };
            let value = ScoreValue::numeric(f64::from(stars))?;
            episode.scores.push(score(name, target, value, rated, visit.environment)?);
        }
    }
    Ok(episode)
}

/// What one of the two said until the other spoke.
struct Turn {
    /// By the one in the model's place: who did not begin.
    reply: bool,
    text: String,
}

fn turns(chat: &Chat) -> Vec<Turn> {
    let mut turns: Vec<Turn> = Vec::new();
    let first = chat.messages.first().map(|message| message.sender.as_str());
    for message in &chat.messages {
        let reply = Some(message.sender.as_str()) != first;
        match turns.last_mut() {
            Some(last) if last.reply == reply => {
                last.text.push('\n');
                last.text.push_str(&message.text);
            }
            _ => turns.push(Turn { reply, text: message.text.clone() }),
        }
    }
    turns
}
