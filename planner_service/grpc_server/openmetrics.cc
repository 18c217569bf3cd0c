// SPDX-License-Identifier: Apache-2.0
#include "planner_service/grpc_server/openmetrics.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"

namespace recurve {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

constexpr absl::string_view kTotal = "_total";
constexpr std::array<absl::string_view, 4> kUnits = {"bytes", "seconds", "ratio", "nats"};

// A media range of an Accept header.
struct MediaRange {
  std::string type;     // lower case
  std::string version;  // empty: none
  double quality = 1;
};

MediaRange ParseMediaRange(absl::string_view text) {
  const std::vector<absl::string_view> parts = absl::StrSplit(text, ';');
  MediaRange range{.type = absl::AsciiStrToLower(absl::StripAsciiWhitespace(parts[0]))};
  for (size_t i = 1; i < parts.size(); ++i) {
    const std::pair<absl::string_view, absl::string_view> parameter = absl::StrSplit(parts[i], absl::MaxSplits('=', 1));
    const absl::string_view name = absl::StripAsciiWhitespace(parameter.first);
    const absl::string_view value = absl::StripAsciiWhitespace(parameter.second);
    if (absl::EqualsIgnoreCase(name, "version")) range.version = std::string(value);
    if (absl::EqualsIgnoreCase(name, "q") && !absl::SimpleAtod(value, &range.quality)) range.quality = 0;
  }
  return range;
}

// The shortest text that reads back as `value`.
std::string Number(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  std::array<char, 32> text{};
  const std::to_chars_result end =
      std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::general);
  return {text.data(), end.ptr};
}

// Bounds of buckets are labels, hence compared as text: a whole number must be written "1.0".
std::string Bound(double value) {
  std::string text = Number(value);
  const bool whole = std::isfinite(value) && text.find_first_of(".e") == std::string::npos;
  return whole ? text + ".0" : text;
}

std::string Escaped(const std::string& text) {
  return absl::StrReplaceAll(text, {{"\\", "\\\\"}, {"\n", "\\n"}, {"\"", "\\\""}});
}

// "{a="x",b="y"}"; empty if there are none. `bound` is that of a bucket; empty: not a bucket.
std::string Labels(const ClientMetric& metric, const std::string& bound = "") {
  std::string text;
  const auto add = [&text](const std::string& name, const std::string& value) {
    absl::StrAppend(&text, text.empty() ? "{" : ",", name, "=\"", Escaped(value), "\"");
  };
  for (const ClientMetric::Label& label : metric.label) add(label.name, label.value);
  if (!bound.empty()) add("le", bound);
  return text.empty() ? text : text + "}";
}

void AppendHistogram(const std::string& name, const ClientMetric& metric, std::string& text) {
  for (const ClientMetric::Bucket& bucket : metric.histogram.bucket) {
    absl::StrAppend(&text, name, "_bucket", Labels(metric, Bound(bucket.upper_bound)), " ", bucket.cumulative_count,
                    "\n");
  }
  absl::StrAppend(&text, name, "_count", Labels(metric), " ", metric.histogram.sample_count, "\n");
  absl::StrAppend(&text, name, "_sum", Labels(metric), " ", Number(metric.histogram.sample_sum), "\n");
}

void AppendFamily(const MetricFamily& family, std::string& text) {
  std::string name = family.name;  // that of a counter is without _total, which only its samples have
  const char* type = "gauge";
  if (family.type == MetricType::Counter) {
    type = "counter";
    name.resize(name.size() - (absl::EndsWith(name, kTotal) ? kTotal.size() : 0));
  } else if (family.type == MetricType::Histogram) {
    type = "histogram";
  } else if (family.type != MetricType::Gauge) {
    return;
  }
  absl::StrAppend(&text, "# TYPE ", name, " ", type, "\n");
  for (const absl::string_view unit : kUnits) {
    if (absl::EndsWith(name, absl::StrCat("_", unit))) absl::StrAppend(&text, "# UNIT ", name, " ", unit, "\n");
  }
  absl::StrAppend(&text, "# HELP ", name, " ", Escaped(family.help), "\n");
  for (const ClientMetric& metric : family.metric) {
    if (family.type == MetricType::Histogram) {
      AppendHistogram(name, metric, text);
    } else if (family.type == MetricType::Counter) {
      absl::StrAppend(&text, name, kTotal, Labels(metric), " ", Number(metric.counter.value), "\n");
    } else {
      absl::StrAppend(&text, name, Labels(metric), " ", Number(metric.gauge.value), "\n");
    }
  }
}

}  // namespace

bool PrefersOpenMetrics(std::string_view accept) {
  double open_metrics = 0;
  double plain = 0;
  for (const absl::string_view text : absl::StrSplit(absl::string_view(accept.data(), accept.size()), ',')) {
    const MediaRange range = ParseMediaRange(text);
    if (range.type == "application/openmetrics-text" && (range.version.empty() || range.version == "1.0.0")) {
      open_metrics = std::max(open_metrics, range.quality);
    } else if (range.type == "text/plain" || range.type == "text/*") {
      plain = std::max(plain, range.quality);
    }
  }
  return open_metrics > 0 && open_metrics >= plain;
}

std::string ToOpenMetrics(const std::vector<MetricFamily>& families) {
  std::string text;
  for (const MetricFamily& family : families) AppendFamily(family, text);
  absl::StrAppend(&text, "# EOF\n");
  return text;
}

}  // namespace recurve
