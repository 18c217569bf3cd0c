// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_CLIENT_PICTURES_CHART_LABELS_H_
#define RECURVE_CLIENT_PICTURES_CHART_LABELS_H_

#include <string>

#include "client/pictures/schedule_charts.h"

namespace recurve {

// Labels of links, states and tapes beside their shapes, where they fit without overlap. Empty unless the timeline is
// drawn link by link.
std::string ChartLabels(const Timeline& timeline, const ChartFrame& frame);

}  // namespace recurve

#endif  // RECURVE_CLIENT_PICTURES_CHART_LABELS_H_
