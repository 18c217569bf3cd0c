// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_CLIENT_PICTURES_CHART_LABELS_H_
#define RECURVE_CLIENT_PICTURES_CHART_LABELS_H_

#include <string>

#include "client/pictures/schedule_charts.h"

namespace recurve {

// Names of links, states and tapes beside what is drawn for them, as far as there is room for all letters and none
// lies on another. Nothing unless every link is a step of its own.
std::string ChartLabels(const Timeline& timeline, const ChartFrame& frame);

}  // namespace recurve

#endif  // RECURVE_CLIENT_PICTURES_CHART_LABELS_H_
