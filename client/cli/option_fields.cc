// SPDX-License-Identifier: Apache-2.0
#include "client/cli/option_fields.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "planner_service/fields/check_fields.h"

namespace recurve {
namespace {

// The help omits ranges so large that they do not matter.
constexpr int64_t kMostTold = 100'000;

std::string HelpOf(const Field& field, const CountRange& range) {
  const bool told = range.least >= 0 && range.most <= kMostTold;
  return told ? absl::StrCat(field.help, " (", RangeText(range), ")") : field.help;
}

std::string HelpOf(const Field& field, const RealRange& range) {
  const bool told = range.least >= 0 && range.most <= kMostTold;
  return told ? absl::StrCat(field.help, " (", RangeText(range, field.notation), ")") : field.help;
}

}  // namespace

std::string OptionBinder::Add(const Field& field) {
  if (wants_ && !wants_(field.name)) return "";
  std::string name = field.option != nullptr ? field.option : absl::StrCat("--", field.name);
  if (field.option == nullptr) std::replace(name.begin(), name.end(), '_', '-');
  if (name.front() == '!') name.erase(0, 1);
  names_.push_back(name);
  return name;
}

Section OptionBinder::SectionOf(const Field& field) const {
  return {app_, field.heading != nullptr ? field.heading : heading_};
}

void OptionBinder::Finish(const Field& field, const std::string& name) {
  if (field.required) HideDefault(SectionOf(field), name);
}

void OptionBinder::Count(const Field& field, const CountRange& range, int64_t& value) {
  const std::string name = Add(field);
  if (name.empty()) return;
  if (field.notation == Notation::kBytes) {
    AddBytes(SectionOf(field), name, value, field.help, range);
  } else {
    AddCount(SectionOf(field), name, value, HelpOf(field, range), range);
  }
  Finish(field, name);
}

void OptionBinder::Seed(const Field& field, uint64_t& value) {
  if (const std::string name = Add(field); !name.empty()) AddSeed(SectionOf(field), name, value, field.help);
}

void OptionBinder::Real(const Field& field, const RealRange& range, double& value) {
  const std::string name = Add(field);
  if (name.empty()) return;
  const auto add = field.notation == Notation::kShare     ? AddShare
                   : field.notation == Notation::kSeconds ? AddSeconds
                                                          : static_cast<decltype(&AddShare)>(AddReal);
  add(SectionOf(field), name, value, HelpOf(field, range), range);
  Finish(field, name);
}

void OptionBinder::Flag(const Field& field, bool& value) {
  const std::string name = Add(field);
  const bool given = field.option == nullptr || field.option[0] != '!';
  if (!name.empty()) AddFlag(SectionOf(field), name, value, field.help, given);
}

void OptionBinder::Text(const Field& field, std::string& value) {
  const std::string name = Add(field);
  if (!name.empty()) AddText(SectionOf(field), name, value, field.help, field.kind != nullptr ? field.kind : "TEXT");
}

void OptionBinder::Texts(const Field& field, std::vector<std::string>& values) {
  const std::string name = Add(field);
  if (!name.empty()) AddTexts(SectionOf(field), name, values, field.help, field.kind != nullptr ? field.kind : "TEXT");
}

void OptionBinder::Choice(const Field& field, const std::vector<std::string>& names, size_t index,
                          const std::function<void(size_t)>& assign) {
  const std::string name = Add(field);
  if (!name.empty())
    AddOneOf(SectionOf(field), name, names, names[index], assign, field.help, field.kind != nullptr ? field.kind : "");
}

void OptionBinder::Part(const Field& field, const FieldsFunction& fields) {
  const std::string outer = std::exchange(heading_, SectionOf(field).heading);
  fields(*this);
  heading_ = outer;
}

}  // namespace recurve
