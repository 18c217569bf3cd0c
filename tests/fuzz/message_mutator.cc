// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/message_mutator.h"

#include <array>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace recurve {
namespace {

using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

constexpr std::array kIntegers = {
    int64_t{0},          int64_t{1},         int64_t{-1},        int64_t{2},       int64_t{7},
    int64_t{100},        int64_t{1000},      int64_t{1001},      int64_t{65'536},  int64_t{10'000'000},
    int64_t{10'000'001}, int64_t{INT32_MAX}, int64_t{INT32_MIN}, int64_t{1} << 20, int64_t{1} << 40,
    int64_t{1} << 50,    INT64_MAX,          INT64_MIN};
constexpr std::array kNumbers = {0.0,
                                 1.0,
                                 0.5,
                                 -1.0,
                                 1e-300,
                                 1e300,
                                 std::numeric_limits<double>::infinity(),
                                 std::numeric_limits<double>::quiet_NaN()};
constexpr std::array kTexts = {"",   "$0",  "$1",     "text", "../text",  "/etc/passwd", "model", ".",
                               "..", "cpu", "cuda:0", "a/b",  "\xff\xfe", "\x1b[2J",     "a\nb",  "\xe2\x80\xae"};

int64_t Integer(int64_t before, Random& random) {
  switch (random() % 4) {
    case 0:
      return static_cast<int64_t>(static_cast<uint64_t>(before) + random() % 5 - 2);  // wraps
    case 1:
      return static_cast<int64_t>(random() % 64);
    default:
      return kIntegers[random() % kIntegers.size()];
  }
}

double Number(double before, Random& random) {
  return random() % 3 == 0 ? before * 2 : kNumbers[random() % kNumbers.size()];
}

std::string Text(const std::string& before, Random& random) {
  switch (random() % 4) {
    case 0:
      return std::string(1 + random() % 400, 'x');
    case 1:
      return Damage(before, RandomBytes(random), random);
    default:
      return kTexts[random() % kTexts.size()];
  }
}

int EnumNumber(const EnumDescriptor& type, Random& random) {
  const int value = static_cast<int>(random() % (static_cast<uint64_t>(type.value_count()) + 1));
  return value < type.value_count() ? type.value(value)->number() : 99;
}

// Reads and writes a field, or an element of it, in one way.
class Place {
 public:
  Place(Message& message, const FieldDescriptor& field, int index)
      : message_(message), reflection_(*message.GetReflection()), field_(field), index_(index) {}

  void Mutate(Random& random) {
    switch (field_.cpp_type()) {
      case FieldDescriptor::CPPTYPE_INT32:
        return Set(&Reflection::SetInt32, &Reflection::SetRepeatedInt32, static_cast<int32_t>(Integer(0, random)));
      case FieldDescriptor::CPPTYPE_UINT32:
        return Set(&Reflection::SetUInt32, &Reflection::SetRepeatedUInt32, static_cast<uint32_t>(Integer(0, random)));
      case FieldDescriptor::CPPTYPE_INT64:
        return Set(&Reflection::SetInt64, &Reflection::SetRepeatedInt64,
                   Integer(index_ < 0 ? reflection_.GetInt64(message_, &field_)
                                      : reflection_.GetRepeatedInt64(message_, &field_, index_),
                           random));
      case FieldDescriptor::CPPTYPE_UINT64:
        return Set(&Reflection::SetUInt64, &Reflection::SetRepeatedUInt64, static_cast<uint64_t>(Integer(0, random)));
      case FieldDescriptor::CPPTYPE_DOUBLE:
        return Set(&Reflection::SetDouble, &Reflection::SetRepeatedDouble, Number(1, random));
      case FieldDescriptor::CPPTYPE_FLOAT:
        return Set(&Reflection::SetFloat, &Reflection::SetRepeatedFloat, static_cast<float>(Number(1, random)));
      case FieldDescriptor::CPPTYPE_BOOL:
        return Set(&Reflection::SetBool, &Reflection::SetRepeatedBool, random() % 2 == 0);
      case FieldDescriptor::CPPTYPE_ENUM:
        return Set(&Reflection::SetEnumValue, &Reflection::SetRepeatedEnumValue,
                   EnumNumber(*field_.enum_type(), random));
      case FieldDescriptor::CPPTYPE_STRING:
        return Set(&Reflection::SetString, &Reflection::SetRepeatedString,
                   Text(index_ < 0 ? reflection_.GetString(message_, &field_)
                                   : reflection_.GetRepeatedString(message_, &field_, index_),
                        random));
      case FieldDescriptor::CPPTYPE_MESSAGE:
        return MutateMessage(index_ < 0 ? *reflection_.MutableMessage(&message_, &field_)
                                        : *reflection_.MutableRepeatedMessage(&message_, &field_, index_),
                             random);
    }
  }

 private:
  template <typename One, typename Element, typename Value>
  void Set(One one, Element element, const Value& value) {
    if (index_ < 0) return (reflection_.*one)(&message_, &field_, value);
    (reflection_.*element)(&message_, &field_, index_, value);
  }

  Message& message_;
  const Reflection& reflection_;
  const FieldDescriptor& field_;
  const int index_;  // of the element; -1: the field is not repeated
};

// Adds an element with the default value.
void AddElement(Message& message, const FieldDescriptor& field) {
  const Reflection& reflection = *message.GetReflection();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return reflection.AddInt32(&message, &field, 0);
    case FieldDescriptor::CPPTYPE_UINT32:
      return reflection.AddUInt32(&message, &field, 0);
    case FieldDescriptor::CPPTYPE_INT64:
      return reflection.AddInt64(&message, &field, 0);
    case FieldDescriptor::CPPTYPE_UINT64:
      return reflection.AddUInt64(&message, &field, 0);
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return reflection.AddDouble(&message, &field, 0);
    case FieldDescriptor::CPPTYPE_FLOAT:
      return reflection.AddFloat(&message, &field, 0);
    case FieldDescriptor::CPPTYPE_BOOL:
      return reflection.AddBool(&message, &field, false);
    case FieldDescriptor::CPPTYPE_ENUM:
      return reflection.AddEnumValue(&message, &field, 0);
    case FieldDescriptor::CPPTYPE_STRING:
      return reflection.AddString(&message, &field, "");
    case FieldDescriptor::CPPTYPE_MESSAGE:
      reflection.AddMessage(&message, &field);
  }
}

void MutateRepeated(Message& message, const FieldDescriptor& field, Random& random) {
  const Reflection& reflection = *message.GetReflection();
  const int size = reflection.FieldSize(message, &field);
  const auto any = [&] { return static_cast<int>(random() % static_cast<uint64_t>(size)); };
  switch (size == 0 ? 0 : random() % 5) {
    case 0:
      AddElement(message, field);
      return Place(message, field, size).Mutate(random);
    case 1:
      return reflection.RemoveLast(&message, &field);
    case 2:
      return reflection.SwapElements(&message, &field, any(), any());
    default:
      Place(message, field, any()).Mutate(random);
  }
}

// The messages that are there in `message`.
std::vector<Message*> PartsOf(Message& message) {
  const Reflection& reflection = *message.GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection.ListFields(message, &fields);
  std::vector<Message*> parts;
  for (const FieldDescriptor* field : fields) {
    if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) continue;
    if (!field->is_repeated()) {
      parts.push_back(reflection.MutableMessage(&message, field));
      continue;
    }
    for (int index = 0; index < reflection.FieldSize(message, field); ++index) {
      parts.push_back(reflection.MutableRepeatedMessage(&message, field, index));
    }
  }
  return parts;
}

}  // namespace

void MutateMessage(Message& message, Random& random) {
  const std::vector<Message*> parts = PartsOf(message);
  if (!parts.empty() && random() % 3 != 0) return MutateMessage(*parts[random() % parts.size()], random);
  const google::protobuf::Descriptor& type = *message.GetDescriptor();
  if (type.field_count() == 0) return;
  const FieldDescriptor& field = *type.field(static_cast<int>(random() % static_cast<uint64_t>(type.field_count())));
  if (random() % 8 == 0) return message.GetReflection()->ClearField(&message, &field);
  if (field.is_repeated()) return MutateRepeated(message, field, random);
  Place(message, field, -1).Mutate(random);
}

}  // namespace recurve
