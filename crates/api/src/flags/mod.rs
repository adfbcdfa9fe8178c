//! Doors of flag clients, in their own protocols: OpenFeature's OFREP, GrowthBook's features, and the streams that say when
//! to ask again. A flag is a slot; its value is the number of the version, as a text.

mod bundle;
mod growthbook;
mod ofrep;
mod stream;

use utoipa_axum::router::OpenApiRouter;

use crate::state::ApiState;

pub(crate) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .merge(ofrep::routes())
        .merge(growthbook::routes())
        .merge(bundle::routes())
        .merge(stream::routes())
}
