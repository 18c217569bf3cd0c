// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_CLIENT_CLI_OPTION_FIELDS_H_
#define RECURVE_CLIENT_CLI_OPTION_FIELDS_H_

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "client/cli/option_values.h"
#include "planner_service/fields/field.h"

namespace recurve {

// Adds an option for each visited field, with its range, which is checked when the command line is parsed. The visited
// object must outlive parsing. Lists, and optional parts that are missing, have no options.
//
//   OptionBinder binder(section);
//   VisitFields(spec, binder);
class OptionBinder final : public FieldVisitor {
 public:
  // `wants` selects by name the fields that get an option; null: all do.
  explicit OptionBinder(const Section& section, std::function<bool(std::string_view)> wants = nullptr)
      : app_(section.app), heading_(section.heading), wants_(std::move(wants)) {}

  // Names of all added options.
  const std::vector<std::string>& names() const { return names_; }

  void Count(const Field& field, const CountRange& range, int64_t& value) override;
  void Seed(const Field& field, uint64_t& value) override;
  void Real(const Field& field, const RealRange& range, double& value) override;
  void Flag(const Field& field, bool& value) override;
  void Text(const Field& field, std::string& value) override;
  void Texts(const Field& field, std::vector<std::string>& values) override;
  void Choice(const Field& field, const std::vector<std::string>& names, size_t index,
              const std::function<void(size_t)>& assign) override;
  void Part(const Field& field, const FieldsFunction& fields) override;
  void List(const Field&, const CountRange&, size_t, const std::function<void(size_t)>&,
            const std::function<void(size_t, FieldVisitor&)>&) override {}
  bool Visits(const Field&, bool present) override { return present; }

 private:
  // The name of the option; empty: none is wanted.
  std::string Add(const Field& field);
  Section SectionOf(const Field& field) const;
  void Finish(const Field& field, const std::string& name);

  CLI::App& app_;
  std::string heading_;
  const std::function<bool(std::string_view)> wants_;
  std::vector<std::string> names_;
};

}  // namespace recurve

#endif  // RECURVE_CLIENT_CLI_OPTION_FIELDS_H_
