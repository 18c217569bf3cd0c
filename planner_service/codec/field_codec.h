// SPDX-License-Identifier: Apache-2.0
//
// Conversion of structs to and from messages. Each described field maps to the message field of the same name: counts
// to int64, seeds to uint64, reals to double, flags to bool, texts to string, parts to messages. The names of a choice
// map to enumeration values in upper case with the prefix of its _UNSPECIFIED value.
//
// A description that does not match its message is a bug and aborts the process. A test checks every pair
// (tests/planner_service/codec/described_message.h).
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

// The number of the enumeration value for a described name: STRATEGY_STORE_ALL for "store-all".
int EncodeEnum(const google::protobuf::EnumDescriptor& type, const std::string& name);
// The index in `names` of the value `number`. INVALID_ARGUMENT names `field`, the value and the valid values.
absl::StatusOr<size_t> DecodeEnum(absl::string_view field, const google::protobuf::EnumDescriptor& type, int number,
                                  const std::vector<std::string>& names);
// The same for `kinds`, where _UNSPECIFIED decodes to the default of `Kind`.
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

// Sets every field, including defaults.
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

// Fields that are unset (if the message tracks presence) or _UNSPECIFIED keep their values. Then checks all ranges.
// INVALID_ARGUMENT names the field, with `prefix` prepended: "workload.model.".
absl::Status DecodeFields(const google::protobuf::Message& message, const FieldsFunction& fields,
                          absl::string_view prefix = "");
template <typename Struct>
absl::StatusOr<Struct> DecodeFields(const google::protobuf::Message& message, absl::string_view prefix = "") {
  Struct value;
  const absl::Status status = DecodeFields(message, FieldsOf(value), prefix);
  if (!status.ok()) return status;
  return value;
}

// The same without checks: an unknown enumeration value leaves its field unchanged.
void ReadFields(const google::protobuf::Message& message, const FieldsFunction& fields);
template <typename Struct>
Struct FieldsOfMessage(const google::protobuf::Message& message) {
  Struct value;
  ReadFields(message, FieldsOf(value));
  return value;
}

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_CODEC_FIELD_CODEC_H_
