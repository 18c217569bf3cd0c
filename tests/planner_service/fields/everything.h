// SPDX-License-Identifier: Apache-2.0
//
// A struct with fields of every kind.
#ifndef RECURVE_TESTS_PLANNER_SERVICE_FIELDS_EVERYTHING_H_
#define RECURVE_TESTS_PLANNER_SERVICE_FIELDS_EVERYTHING_H_

#include <optional>
#include <string>
#include <vector>

#include "planner_service/fields/field.h"

namespace recurve {

enum class Shape : uint8_t { kRound, kVeryFlat };
inline constexpr Named<Shape> kShapes[] = {{"round", Shape::kRound}, {"very-flat", Shape::kVeryFlat}};

struct Wheel {
  int64_t spokes = 3;
  friend bool operator==(const Wheel&, const Wheel&) = default;
};

inline void VisitFields(Wheel& wheel, FieldVisitor& visitor) {
  visitor.Count({.name = "spokes", .required = true}, {1, 9}, wheel.spokes);
}

struct Everything {
  int64_t count = 2;
  int64_t bytes = 4096;
  uint64_t seed = 1;
  double rate = 0.25;
  double share = 0.5;
  std::optional<double> weight;
  bool flag = true;
  std::string text = "a";
  std::vector<std::string> texts;
  Shape shape = Shape::kRound;
  Wheel wheel;
  std::optional<Wheel> spare;
  std::vector<Wheel> more;
  friend bool operator==(const Everything&, const Everything&) = default;
};

inline void VisitFields(Everything& all, FieldVisitor& visitor) {
  visitor.Count({"count"}, {0, 10}, all.count);
  visitor.Count({.name = "bytes", .notation = Notation::kBytes}, kNotNegative, all.bytes);
  visitor.Seed({"seed"}, all.seed);
  visitor.Real({"rate"}, kRate, all.rate);
  visitor.Real({.name = "share", .notation = Notation::kShare}, {.least = 0, .most = 0.5, .above_least = true},
               all.share);
  visitor.Real({"weight"}, kNotBelowZero, all.weight);
  visitor.Flag({"flag"}, all.flag);
  visitor.Text({"text"}, all.text);
  visitor.Texts({"texts"}, all.texts);
  visitor.Enum({"shape"}, kShapes, all.shape);
  visitor.Fields({"wheel"}, all.wheel);
  visitor.Fields({"spare"}, all.spare);
  visitor.Fields({"more"}, {0, 2}, all.more);
}

inline Everything Filled() {
  return {.count = 7,
          .bytes = 65536,
          .seed = UINT64_MAX,
          .rate = 0.125,
          .share = 0.25,
          .weight = 1.5,
          .flag = false,
          .text = "b",
          .texts = {"c", "d"},
          .shape = Shape::kVeryFlat,
          .wheel = {5},
          .spare = Wheel{6},
          .more = {{1}, {9}}};
}

}  // namespace recurve

#endif  // RECURVE_TESTS_PLANNER_SERVICE_FIELDS_EVERYTHING_H_
