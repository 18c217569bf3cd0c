// SPDX-License-Identifier: Apache-2.0
#include "planner_service/fields/check_fields.h"

#include <cmath>
#include <limits>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace recurve {
namespace {

constexpr int64_t kLeastCount = std::numeric_limits<int64_t>::min();
constexpr int64_t kMostCount = std::numeric_limits<int64_t>::max();

std::string NumberText(double value, Notation notation) {
  return notation == Notation::kShare ? absl::StrCat(100 * value, "%") : absl::StrCat(value);
}

absl::Status OutOfRange(absl::string_view field, absl::string_view value, absl::string_view range) {
  return absl::InvalidArgumentError(absl::StrCat(field, " is ", value, "; must be ", range));
}

class FieldChecker final : public FieldVisitor {
 public:
  explicit FieldChecker(absl::string_view prefix) : prefix_(prefix) {}

  const absl::Status& status() const { return status_; }

  void Count(const Field& field, const CountRange& range, int64_t& value) override {
    status_.Update(CheckRange(Name(field), value, range));
  }
  void Seed(const Field&, uint64_t&) override {}
  void Real(const Field& field, const RealRange& range, double& value) override {
    status_.Update(CheckReal(Name(field), value, range, field.notation));
  }
  void Flag(const Field&, bool&) override {}
  void Text(const Field&, std::string&) override {}
  void Texts(const Field&, std::vector<std::string>&) override {}
  void Choice(const Field& field, const std::vector<std::string>& names, size_t index,
              const std::function<void(size_t)>&) override {
    if (index < names.size()) return;
    status_.Update(OutOfRange(Name(field), "unknown", absl::StrCat("one of ", absl::StrJoin(names, ", "))));
  }
  void Part(const Field& field, const FieldsFunction& fields) override {
    status_.Update(CheckFields(fields, Name(field) + "."));
  }
  void List(const Field& field, const CountRange& entries, size_t size, const std::function<void(size_t)>&,
            const std::function<void(size_t, FieldVisitor&)>& fields) override {
    status_.Update(CheckCount(Name(field), static_cast<int64_t>(size), entries.least, entries.most));
    for (size_t i = 0; i < size && status_.ok(); ++i) {
      const FieldsFunction entry = [&fields, i](FieldVisitor& visitor) { fields(i, visitor); };
      status_ = CheckFields(entry, absl::StrCat(Name(field), "[", i, "]."));
    }
  }
  bool Visits(const Field&, bool present) override { return present; }

 private:
  std::string Name(const Field& field) const { return absl::StrCat(prefix_, field.name); }

  const absl::string_view prefix_;
  absl::Status status_;
};

}  // namespace

std::string RangeText(const CountRange& range) {
  if (range.least == kLeastCount && range.most == kMostCount) return "";
  if (range.most == kMostCount) return absl::StrCat("at least ", range.least);
  return absl::StrCat(range.least, " to ", range.most);
}

std::string RangeText(const RealRange& range, Notation notation) {
  const std::string least = absl::StrCat(range.above_least ? "above " : "at least ", NumberText(range.least, notation));
  const std::string most = absl::StrCat(range.below_most ? "below " : "at most ", NumberText(range.most, notation));
  if (std::isinf(range.least) && std::isinf(range.most)) return "finite";
  if (std::isinf(range.most)) return absl::StrCat("finite and ", least);
  if (std::isinf(range.least)) return absl::StrCat("finite and ", most);
  return absl::StrCat(least, " and ", most);
}

absl::Status CheckRange(absl::string_view field, int64_t value, const CountRange& range) {
  if (value >= range.least && value <= range.most) return absl::OkStatus();
  return OutOfRange(field, absl::StrCat(value), RangeText(range));
}

absl::Status CheckReal(absl::string_view field, double value, const RealRange& range, Notation notation) {
  const bool above = range.above_least ? value > range.least : value >= range.least;
  const bool below = range.below_most ? value < range.most : value <= range.most;
  if (std::isfinite(value) && above && below) return absl::OkStatus();
  return OutOfRange(field, NumberText(value, notation), RangeText(range, notation));
}

absl::Status CheckCount(absl::string_view field, int64_t count, int64_t least, int64_t most) {
  if (count >= least && count <= most) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(field, " has ", count, " entries; must have ", least, " to ", most));
}

absl::Status FirstError(std::initializer_list<absl::Status> statuses) {
  absl::Status first;
  for (const absl::Status& status : statuses) first.Update(status);
  return first;
}

absl::Status CheckFields(const FieldsFunction& fields, absl::string_view prefix) {
  FieldChecker checker(prefix);
  fields(checker);
  return checker.status();
}

}  // namespace recurve
