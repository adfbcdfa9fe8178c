//! Power, duration and forecasts.
