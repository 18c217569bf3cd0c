// SPDX-License-Identifier: Apache-2.0
#include "planner_service/codec/field_codec.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "planner_service/fields/check_fields.h"

namespace recurve {
namespace {

using google::protobuf::EnumDescriptor;
using google::protobuf::EnumValueDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

[[noreturn]] void AbortOnMismatch(const std::string& what) {
  std::fprintf(stderr, "%s is described by VisitFields but does not match the message\n", what.c_str());
  std::abort();
}

// "STRATEGY_STORE_ALL" for "store-all".
std::string EnumValueName(const EnumDescriptor& type, const std::string& name) {
  constexpr absl::string_view kUnspecified = "UNSPECIFIED";
  const std::string& zero = type.value(0)->name();
  std::string value = absl::StrCat(zero.substr(0, zero.size() - kUnspecified.size()), absl::AsciiStrToUpper(name));
  std::replace(value.begin(), value.end(), '-', '_');
  return value;
}

const FieldDescriptor& Find(const Message& message, const Field& field, FieldDescriptor::CppType type,
                            bool repeated = false) {
  const FieldDescriptor* found = message.GetDescriptor()->FindFieldByName(field.name);
  if (found == nullptr || found->cpp_type() != type || found->is_repeated() != repeated) {
    AbortOnMismatch(absl::StrCat(message.GetTypeName(), ".", field.name));
  }
  return *found;
}

class FieldEncoder final : public FieldVisitor {
 public:
  explicit FieldEncoder(Message& message) : message_(message), reflection_(*message.GetReflection()) {}

  void Count(const Field& field, const CountRange&, int64_t& value) override {
    reflection_.SetInt64(&message_, &Find(message_, field, FieldDescriptor::CPPTYPE_INT64), value);
  }
  void Seed(const Field& field, uint64_t& value) override {
    reflection_.SetUInt64(&message_, &Find(message_, field, FieldDescriptor::CPPTYPE_UINT64), value);
  }
  void Real(const Field& field, const RealRange&, double& value) override {
    reflection_.SetDouble(&message_, &Find(message_, field, FieldDescriptor::CPPTYPE_DOUBLE), value);
  }
  void Flag(const Field& field, bool& value) override {
    reflection_.SetBool(&message_, &Find(message_, field, FieldDescriptor::CPPTYPE_BOOL), value);
  }
  void Text(const Field& field, std::string& value) override {
    reflection_.SetString(&message_, &Find(message_, field, FieldDescriptor::CPPTYPE_STRING), value);
  }
  void Texts(const Field& field, std::vector<std::string>& values) override {
    const FieldDescriptor& texts = Find(message_, field, FieldDescriptor::CPPTYPE_STRING, /*repeated=*/true);
    for (const std::string& value : values) reflection_.AddString(&message_, &texts, value);
  }
  void Choice(const Field& field, const std::vector<std::string>& names, size_t index,
              const std::function<void(size_t)>&) override {
    const FieldDescriptor& choice = Find(message_, field, FieldDescriptor::CPPTYPE_ENUM);
    if (index == names.size()) return;
    reflection_.SetEnumValue(&message_, &choice, EncodeEnum(*choice.enum_type(), names[index]));
  }
  void Part(const Field& field, const FieldsFunction& fields) override {
    EncodeFields(fields,
                 *reflection_.MutableMessage(&message_, &Find(message_, field, FieldDescriptor::CPPTYPE_MESSAGE)));
  }
  void List(const Field& field, const CountRange&, size_t size, const std::function<void(size_t)>&,
            const std::function<void(size_t, FieldVisitor&)>& fields) override {
    const FieldDescriptor& list = Find(message_, field, FieldDescriptor::CPPTYPE_MESSAGE, /*repeated=*/true);
    for (size_t i = 0; i < size; ++i) {
      FieldEncoder entry(*reflection_.AddMessage(&message_, &list));
      fields(i, entry);
    }
  }
  bool Visits(const Field&, bool present) override { return present; }

 private:
  Message& message_;
  const Reflection& reflection_;
};

class FieldDecoder final : public FieldVisitor {
 public:
  FieldDecoder(const Message& message, std::string prefix)
      : message_(message), reflection_(*message.GetReflection()), prefix_(std::move(prefix)) {}

  const absl::Status& status() const { return status_; }

  void Count(const Field& field, const CountRange&, int64_t& value) override {
    if (const auto* set = IfSet(field, FieldDescriptor::CPPTYPE_INT64)) value = reflection_.GetInt64(message_, set);
  }
  void Seed(const Field& field, uint64_t& value) override {
    if (const auto* set = IfSet(field, FieldDescriptor::CPPTYPE_UINT64)) value = reflection_.GetUInt64(message_, set);
  }
  void Real(const Field& field, const RealRange&, double& value) override {
    if (const auto* set = IfSet(field, FieldDescriptor::CPPTYPE_DOUBLE)) value = reflection_.GetDouble(message_, set);
  }
  void Flag(const Field& field, bool& value) override {
    if (const auto* set = IfSet(field, FieldDescriptor::CPPTYPE_BOOL)) value = reflection_.GetBool(message_, set);
  }
  void Text(const Field& field, std::string& value) override {
    if (const auto* set = IfSet(field, FieldDescriptor::CPPTYPE_STRING)) value = reflection_.GetString(message_, set);
  }
  void Texts(const Field& field, std::vector<std::string>& values) override {
    const FieldDescriptor& texts = Find(message_, field, FieldDescriptor::CPPTYPE_STRING, /*repeated=*/true);
    values.clear();
    for (int i = 0; i < reflection_.FieldSize(message_, &texts); ++i) {
      values.push_back(reflection_.GetRepeatedString(message_, &texts, i));
    }
  }
  void Choice(const Field& field, const std::vector<std::string>& names, size_t,
              const std::function<void(size_t)>& assign) override {
    const FieldDescriptor& choice = Find(message_, field, FieldDescriptor::CPPTYPE_ENUM);
    const int number = reflection_.GetEnumValue(message_, &choice);
    if (number == 0) return;
    const absl::StatusOr<size_t> index =
        DecodeEnum(absl::StrCat(prefix_, field.name), *choice.enum_type(), number, names);
    status_.Update(index.status());
    if (index.ok()) assign(*index);
  }
  void Part(const Field& field, const FieldsFunction& fields) override {
    const FieldDescriptor* part = IfSet(field, FieldDescriptor::CPPTYPE_MESSAGE);
    if (part == nullptr && field.required) Fail(absl::StrCat(prefix_, field.name, " is unset; must be set"));
    if (part != nullptr) Visit(reflection_.GetMessage(message_, part), fields, absl::StrCat(prefix_, field.name, "."));
  }
  void List(const Field& field, const CountRange& entries, size_t, const std::function<void(size_t)>& resize,
            const std::function<void(size_t, FieldVisitor&)>& fields) override {
    const FieldDescriptor& list = Find(message_, field, FieldDescriptor::CPPTYPE_MESSAGE, /*repeated=*/true);
    const int size = reflection_.FieldSize(message_, &list);
    status_.Update(CheckCount(absl::StrCat(prefix_, field.name), size, entries.least, entries.most));
    if (!status_.ok()) return;
    resize(static_cast<size_t>(size));
    for (int i = 0; i < size; ++i) {
      const FieldsFunction entry = [&](FieldVisitor& visitor) { fields(static_cast<size_t>(i), visitor); };
      Visit(reflection_.GetRepeatedMessage(message_, &list, i), entry, absl::StrCat(prefix_, field.name, "[", i, "]."));
    }
  }
  bool Visits(const Field& field, bool) override {
    const FieldDescriptor* found = message_.GetDescriptor()->FindFieldByName(field.name);
    if (found == nullptr) AbortOnMismatch(absl::StrCat(message_.GetTypeName(), ".", field.name));
    return !found->has_presence() || reflection_.HasField(message_, found);
  }

 private:
  // Null if the message tracks presence and the field is unset.
  const FieldDescriptor* IfSet(const Field& field, FieldDescriptor::CppType type) const {
    const FieldDescriptor& found = Find(message_, field, type);
    return found.has_presence() && !reflection_.HasField(message_, &found) ? nullptr : &found;
  }

  void Fail(const std::string& why) { status_.Update(absl::InvalidArgumentError(why)); }

  void Visit(const Message& message, const FieldsFunction& fields, std::string prefix) {
    FieldDecoder part(message, std::move(prefix));
    fields(part);
    status_.Update(part.status());
  }

  const Message& message_;
  const Reflection& reflection_;
  const std::string prefix_;
  absl::Status status_;
};

}  // namespace

int EncodeEnum(const EnumDescriptor& type, const std::string& name) {
  const EnumValueDescriptor* value = type.FindValueByName(EnumValueName(type, name));
  if (value == nullptr) AbortOnMismatch(EnumValueName(type, name));
  return value->number();
}

absl::StatusOr<size_t> DecodeEnum(absl::string_view field, const EnumDescriptor& type, int number,
                                  const std::vector<std::string>& names) {
  const EnumValueDescriptor* value = type.FindValueByNumber(number);
  std::string known;
  for (size_t i = 0; i < names.size(); ++i) {
    const std::string name = EnumValueName(type, names[i]);
    if (value != nullptr && value->name() == name) return i;
    absl::StrAppend(&known, i == 0 ? "" : i + 1 == names.size() ? " or " : ", ", name);
  }
  return absl::InvalidArgumentError(
      absl::StrCat(field, " is ", value != nullptr ? value->name() : absl::StrCat(number), "; must be ", known));
}

void EncodeFields(const FieldsFunction& fields, Message& message) {
  FieldEncoder encoder(message);
  fields(encoder);
}

absl::Status DecodeFields(const Message& message, const FieldsFunction& fields, absl::string_view prefix) {
  FieldDecoder decoder(message, std::string(prefix));
  fields(decoder);
  return decoder.status().ok() ? CheckFields(fields, prefix) : decoder.status();
}

void ReadFields(const Message& message, const FieldsFunction& fields) {
  FieldDecoder decoder(message, "");
  fields(decoder);
}

}  // namespace recurve
