// SPDX-License-Identifier: Apache-2.0
//
// Structs as messages: each field that a struct describes is the field of that name in its message. Numbers, flags and
// texts are what they are called; an enumeration is one whose values have the described names, in upper case and after
// the prefix of its _UNSPECIFIED; parts are messages.
//
// A description that does not fit its message is a mistake in the program, which a test of every pair finds
// (tests/planner_service/codec/described_message.h); at run time it ends the process.
#ifndef RECURVE_PLANNER_SERVICE_CODEC_FIELD_CODEC_H_
#define RECURVE_PLANNER_SERVICE_CODEC_FIELD_CODEC_H_

#include <google/protobuf/message.h>

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "planner_service/fields/field.h"

namespace recurve {

// The number of the value that is called "store-all" in a description and STRATEGY_STORE_ALL in `type`.
int EncodeEnum(const google::protobuf::EnumDescriptor& type, const std::string& name);
// The index of the name of `number`. INVALID_ARGUMENT names `field`, the value and the values that it may have.
absl::StatusOr<size_t> DecodeEnum(absl::string_view field, const google::protobuf::EnumDescriptor& type, int number,
                                  const std::vector<std::string>& names);
// The same for an entry of a list. _UNSPECIFIED is the default of `Kind`.
template <typename Kind, size_t n>
absl::StatusOr<Kind> DecodeEnum(absl::string_view field, const google::protobuf::EnumDescriptor& type, int number,
                                const Named<Kind> (&kinds)[n]) {
  if (number == 0) return Kind{};
  std::vector<std::string> names;
  for (const Named<Kind>& kind : kinds) names.emplace_back(kind.name);
  const absl::StatusOr<size_t> index = DecodeEnum(field, type, number, names);
  if (!index.ok()) return index.status();
  return kinds[*index].value;
}

// Sets every field, also to what is the default.
void EncodeFields(const FieldsFunction& fields, google::protobuf::Message& message);
template <Described Struct>
void EncodeFields(const Struct& value, google::protobuf::Message& message) {
  EncodeFields(FieldsOf(value), message);
}
template <typename Message, typename Struct>
Message EncodeAs(const Struct& value) {
  Message message;
  EncodeFields(value, message);
  return message;
}

// Leaves a field as it is when it is unset in the message, if that can be told, or is the _UNSPECIFIED value of an
// enumeration. Then checks all ranges. INVALID_ARGUMENT names the field after `prefix`, such as "workload.model.".
absl::Status DecodeFields(const google::protobuf::Message& message, const FieldsFunction& fields,
                          absl::string_view prefix = "");
template <typename Struct>
absl::StatusOr<Struct> DecodeFields(const google::protobuf::Message& message, absl::string_view prefix = "") {
  Struct value;
  const absl::Status status = DecodeFields(message, FieldsOf(value), prefix);
  if (!status.ok()) return status;
  return value;
}

// The same without any check: a value of an enumeration that is not known leaves its field as it is.
void ReadFields(const google::protobuf::Message& message, const FieldsFunction& fields);
template <typename Struct>
Struct FieldsOfMessage(const google::protobuf::Message& message) {
  Struct value;
  ReadFields(message, FieldsOf(value));
  return value;
}

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_CODEC_FIELD_CODEC_H_
