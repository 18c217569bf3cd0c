// SPDX-License-Identifier: Apache-2.0
#include "planner_service/text/number_text.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace recurve {

std::string CountText(int64_t count) {
  std::string text = absl::StrCat(count);
  const size_t first = count < 0 ? 1 : 0;
  for (size_t end = text.size(); end > first + 3; end -= 3) text.insert(end - 3, 1, ',');
  return text;
}

std::string Counted(int64_t count, std::string_view thing) {
  return absl::StrCat(CountText(count), " ", std::string(thing), count == 1 ? "" : "s");
}

std::string SecondsText(double seconds) {
  if (!std::isfinite(seconds)) return "-";
  if (seconds <= 0) return "0 s";
  if (seconds < 1e-3) return absl::StrFormat("%.0f us", seconds * 1e6);
  if (seconds < 1) return absl::StrFormat("%.3g ms", seconds * 1e3);
  if (seconds < 100) return absl::StrFormat("%.3g s", seconds);
  const auto whole = static_cast<int64_t>(std::llround(std::min(seconds, 1e12)));
  if (whole < 3600) return absl::StrFormat("%d:%02d min", whole / 60, whole % 60);
  return absl::StrFormat("%d:%02d:%02d h", whole / 3600, whole / 60 % 60, whole % 60);
}

std::string PercentText(double part, double whole) {
  if (whole <= 0) return "-";
  const double percent = 100 * part / whole;
  if (percent >= 10) return absl::StrFormat("%.0f %%", percent);
  return percent >= 0.1 ? absl::StrFormat("%.1f %%", percent) : absl::StrFormat("%.2g %%", percent);
}

std::string ShareUpText(double share) {
  const double percent = 100 * share;
  if (!(percent > 0)) return "0%";
  const double digit = std::pow(10, std::floor(std::log10(percent)) - 2);  // the value of the third digit
  return absl::StrFormat("%.6g%%", std::min(100.0, std::ceil(percent / digit - 1e-9) * digit));
}

}  // namespace recurve
