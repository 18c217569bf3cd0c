// SPDX-License-Identifier: Apache-2.0
//
// Whether the description of a struct and its message fit each other.
#ifndef RECURVE_TESTS_PLANNER_SERVICE_CODEC_DESCRIBED_MESSAGE_H_
#define RECURVE_TESTS_PLANNER_SERVICE_CODEC_DESCRIBED_MESSAGE_H_

#include <google/protobuf/message.h>
#include <gtest/gtest.h>

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "planner_service/codec/field_codec.h"
#include "planner_service/fields/field.h"

namespace recurve {

// Visits the fields of a struct that has its defaults, those of its optional parts and of one entry of each list too.
class MessageChecker final : public FieldVisitor {
 public:
  MessageChecker(const google::protobuf::Descriptor& message, bool always_set)
      : message_(message), always_set_(always_set) {}

  void Count(const Field& field, const CountRange& range, int64_t& value) override {
    const auto* found = Find(field, Type::CPPTYPE_INT64);
    const bool refused = range.least > 0 || range.most < 0;
    if (found != nullptr) ExpectDefault(*found, value == 0 || refused);
  }
  void Seed(const Field& field, uint64_t& value) override {
    if (const auto* found = Find(field, Type::CPPTYPE_UINT64)) ExpectDefault(*found, value == 0);
  }
  void Real(const Field& field, const RealRange& range, double& value) override {
    const auto* found = Find(field, Type::CPPTYPE_DOUBLE);
    const bool refused = range.least > 0 || (range.least == 0 && range.above_least);
    if (found != nullptr) ExpectDefault(*found, value == 0 || refused);
  }
  void Flag(const Field& field, bool& value) override {
    if (const auto* found = Find(field, Type::CPPTYPE_BOOL)) ExpectDefault(*found, !value);
  }
  void Text(const Field& field, std::string& value) override {
    if (const auto* found = Find(field, Type::CPPTYPE_STRING)) ExpectDefault(*found, value.empty());
  }
  void Texts(const Field& field, std::vector<std::string>&) override { Find(field, Type::CPPTYPE_STRING, true); }
  void Choice(const Field& field, const std::vector<std::string>& names, size_t,
              const std::function<void(size_t)>&) override {
    const auto* found = Find(field, Type::CPPTYPE_ENUM);
    if (found == nullptr) return;
    for (const std::string& name : names) EXPECT_GT(EncodeEnum(*found->enum_type(), name), 0);
    EXPECT_EQ(found->enum_type()->value_count(), static_cast<int>(names.size()) + 1) << found->full_name();
  }
  void Part(const Field& field, const FieldsFunction& fields) override {
    if (const auto* found = Find(field, Type::CPPTYPE_MESSAGE)) Check(*found, fields);
  }
  void List(const Field& field, const CountRange&, size_t, const std::function<void(size_t)>& resize,
            const std::function<void(size_t, FieldVisitor&)>& fields) override {
    const auto* found = Find(field, Type::CPPTYPE_MESSAGE, true);
    if (found == nullptr) return;
    resize(1);
    Check(*found, [&](FieldVisitor& visitor) { fields(0, visitor); });
  }
  bool Visits(const Field&, bool) override { return true; }

  void ExpectAllDescribed(const std::set<std::string>& but_for) const {
    for (int i = 0; i < message_.field_count(); ++i) {
      const std::string& name = message_.field(i)->name();
      EXPECT_EQ(described_.count(name) == 1, but_for.count(name) == 0) << message_.full_name() << "." << name;
    }
  }

 private:
  using Type = google::protobuf::FieldDescriptor;

  const Type* Find(const Field& field, Type::CppType type, bool repeated = false) {
    described_.insert(field.name);
    const Type* found = message_.FindFieldByName(field.name);
    EXPECT_NE(found, nullptr) << message_.full_name() << "." << field.name;
    if (found == nullptr) return nullptr;
    EXPECT_EQ(found->cpp_type(), type) << found->full_name();
    EXPECT_EQ(found->is_repeated(), repeated) << found->full_name();
    return found->cpp_type() == type && found->is_repeated() == repeated ? found : nullptr;
  }

  // A message that cannot tell whether a field is set gives it as 0: that must be the default, or be refused.
  void ExpectDefault(const Type& field, bool zero) const {
    EXPECT_TRUE(always_set_ || field.has_presence() || zero)
        << field.full_name() << " must be `optional`: its default is not 0";
  }

  void Check(const Type& part, const FieldsFunction& fields) const {
    MessageChecker checker(*part.message_type(), always_set_);
    fields(checker);
    checker.ExpectAllDescribed({});
  }

  const google::protobuf::Descriptor& message_;
  const bool always_set_;
  std::set<std::string> described_;
};

// `but_for`: fields of the message that somebody else sees to. `always_set`: EncodeFields makes the message, and nobody
// leaves a field unset.
template <typename Struct>
void ExpectDescribes(const google::protobuf::Descriptor& message, const std::set<std::string>& but_for = {},
                     bool always_set = false) {
  Struct value;
  MessageChecker checker(message, always_set);
  VisitFields(value, checker);
  checker.ExpectAllDescribed(but_for);
}

}  // namespace recurve

#endif  // RECURVE_TESTS_PLANNER_SERVICE_CODEC_DESCRIBED_MESSAGE_H_
