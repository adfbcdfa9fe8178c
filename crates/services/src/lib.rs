#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

pub mod access;
pub mod annotations;
pub mod assignment;
pub mod context;
pub mod datasets;
pub mod demo;
pub mod erasure;
mod error;
pub mod experiments;
pub mod import;
pub mod ingest;
mod jobs;
pub mod media;
pub mod metrics;
pub mod notes;
pub mod planning;
pub mod prices;
pub mod prompts;
pub mod repeats;
pub mod results;
pub mod scores;
mod sieve;
pub mod traces;
pub mod unlinked;

use std::sync::Arc;

use domain::time::TimeUs;
pub use store::event::Waiting;
use store::{StoreError, control::ControlStore, event::EventStore};

pub use context::Context;
pub use error::ServiceError;
pub use sieve::Numbered;

/// Everything Assay can do. Cheap to clone.
#[derive(Clone)]
pub struct Services {
    /// Projects, people, sessions, members, keys.
    pub access: access::Access,
    /// Prompts, versions, labels.
    pub prompts: prompts::Prompts,
    /// Which version a unit gets.
    pub assignment: assignment::Assignment,
    /// Versions compared on live traffic.
    pub experiments: experiments::Experiments,
    /// Spans and scores in.
    pub ingest: ingest::Ingest,
    /// Traces out.
    pub traces: traces::Traces,
    /// Numbers out.
    pub metrics: metrics::Metrics,
    /// What calls of models cost.
    pub prices: prices::Prices,
    /// What counts for no prompt version, and why.
    pub unlinked: unlinked::UnlinkedGenerations,
    /// Media beside spans.
    pub media: media::Media,
    /// Datasets and runs over them.
    pub datasets: datasets::Datasets,
    /// Comments and score configurations.
    pub notes: notes::Notes,
    /// Scores given by hand.
    pub annotations: annotations::Annotations,
    /// Scores out, and away.
    pub scores: scores::Scores,
    /// What experiments would need, and whom they would reach.
    pub planning: planning::Planning,
    /// What experiments say.
    pub results: results::Results,
    /// Requests done once, however often they are sent.
    pub repeats: repeats::Repeats,
    /// What other tools keep.
    pub import: import::Import,
    /// Events taken away: of a project, of a user, by age.
    pub erasures: erasure::Erasures,
    /// A project full of real model outputs.
    pub demo: demo::Demo,
    context: Arc<Context>,
}

impl Services {
    /// Wires the use cases to their stores, clock and randomness.
    pub fn new(context: Context) -> Self {
        let context = Arc::new(context);
        let access = access::Access::new(Arc::clone(&context));
        let price_lists = Arc::new(prices::PriceLists::default());
        let ingest = ingest::Ingest::new(Arc::clone(&context), Arc::clone(&price_lists));
        let metrics = metrics::Metrics::new(Arc::clone(&context));
        let prompts = prompts::Prompts::new(Arc::clone(&context));
        let self_checks = results::SelfChecks::default();
        let experiments = experiments::Experiments::new(Arc::clone(&context), prompts.clone(), self_checks.clone());
        Self {
            annotations: annotations::Annotations::new(Arc::clone(&context), ingest.clone()),
            import: import::Import::new(Arc::clone(&context), ingest.clone()),
            demo: demo::Demo::new(Arc::clone(&context), access.clone(), ingest.clone(), experiments.clone()),
            erasures: erasure::Erasures::new(Arc::clone(&context), ingest.clone(), experiments.clone()),
            access,
            assignment: assignment::Assignment::new(Arc::clone(&context), prompts.clone(), ingest.clone()),
            planning: planning::Planning::new(Arc::clone(&context), experiments.clone()),
            experiments,
            prompts,
            ingest,
            traces: traces::Traces::new(Arc::clone(&context)),
            prices: prices::Prices::new(Arc::clone(&context), price_lists),
            unlinked: unlinked::UnlinkedGenerations::new(Arc::clone(&context), metrics.clone()),
            metrics,
            media: media::Media::new(Arc::clone(&context)),
            datasets: datasets::Datasets::new(Arc::clone(&context)),
            notes: notes::Notes::new(Arc::clone(&context)),
            scores: scores::Scores::new(Arc::clone(&context)),
            results: results::Results::new(Arc::clone(&context), self_checks),
            repeats: repeats::Repeats::new(Arc::clone(&context)),
            context,
        }
    }

    /// Whether both stores answer. With a full disk they do: what is stored is served.
    ///
    /// # Errors
    /// As the store that does not.
    pub async fn ready(&self) -> Result<(), ServiceError> {
        self.context.control.has_people().await?;
        match self.context.events.ping().await {
            Ok(()) | Err(StoreError::Full) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Whether events are refused because the disk is full.
    pub fn disk_full(&self) -> bool {
        self.context.events.is_full()
    }

    /// Looks whether there is space again, if there was none.
    ///
    /// # Errors
    /// As the store, other than for want of space.
    pub async fn look_for_space(&self) -> Result<(), ServiceError> {
        if self.disk_full() { self.ready().await } else { Ok(()) }
    }

    /// What this process has received, from all projects, and not stored yet.
    pub fn waiting(&self) -> Waiting {
        self.context.events.waiting()
    }

    /// The present, by the clock every use case goes by.
    pub fn now(&self) -> TimeUs {
        self.context.clock.now()
    }
}

/// The stores behind the use cases.
pub type Control = Arc<dyn ControlStore>;
/// Likewise, for events.
pub type Events = Arc<dyn EventStore>;
