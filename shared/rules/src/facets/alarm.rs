//! A facet of an alarm: whether it tells anybody.

use crate::facets::switch::switches;

switches! {
    /// Whether an alarm's actions run.
    AlarmActions = "alarm-actions" ["actions on", "actions off", "no alarm"]
        does ["enable the alarm's actions", "disable the alarm's actions"]
        gone "there is no such alarm; create it again, or remove it from the settings"
        evidence true;
}
