// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_JOB_MEDIAN_H_
#define RECURVE_EXECUTOR_JOB_MEDIAN_H_

#include <algorithm>
#include <vector>

namespace recurve {

// The mean of the two middle values, which coincide for an odd number of values. `values` must not be empty.
inline double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return (values[(values.size() - 1) / 2] + values[values.size() / 2]) / 2;
}

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_JOB_MEDIAN_H_
