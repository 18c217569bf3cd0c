// SPDX-License-Identifier: Apache-2.0
#include "planner_service/text/printable.h"

#include <cstdint>

#include "absl/strings/str_cat.h"

namespace recurve {
namespace {

struct CodePoint {
  uint32_t value;
  size_t bytes;  // 0: the text does not begin with a valid UTF-8 character
};

// The first character of `text`, which must not be empty (RFC 3629: no overlong forms, no surrogates, at most
// U+10FFFF).
CodePoint DecodeFirst(std::string_view text) {
  constexpr CodePoint kBroken{0, 0};
  const auto first = static_cast<uint8_t>(text[0]);
  if (first < 0x80) return {first, 1};
  if (first < 0xC2 || first > 0xF4) return kBroken;
  const size_t bytes = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  if (text.size() < bytes) return kBroken;
  uint32_t value = first & (0xFFU >> (bytes + 1));
  for (size_t i = 1; i < bytes; ++i) {
    const auto next = static_cast<uint8_t>(text[i]);
    if ((next & 0xC0) != 0x80) return kBroken;
    value = value << 6 | (next & 0x3F);
  }
  constexpr uint32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = value >= 0xD800 && value <= 0xDFFF;
  return value < kLeast[bytes] || value > 0x10FFFF || surrogate ? kBroken : CodePoint{value, bytes};
}

bool Within(uint32_t value, uint32_t first, uint32_t last) { return value >= first && value <= last; }

bool MustEscape(uint32_t value) {
  return value < 0x20 || Within(value, 0x7F, 0x9F) ||                       // C0, DEL, C1
         value == 0x61C || Within(value, 0x200E, 0x200F) ||                 // direction marks
         Within(value, 0x202A, 0x202E) || Within(value, 0x2066, 0x2069) ||  // embeddings, overrides, isolates
         Within(value, 0x2028, 0x2029);                                     // line and paragraph separators
}

std::string Escaped(uint32_t value) {
  if (value == '\n') return "\\n";
  if (value == '\r') return "\\r";
  if (value == '\t') return "\\t";
  if (value < 0x80) return absl::StrCat("\\x", absl::Hex(value, absl::kZeroPad2));
  return absl::StrCat("\\u", absl::Hex(value, absl::kZeroPad4));
}

}  // namespace

std::string Printable(std::string_view text) {
  std::string printable;
  printable.reserve(text.size());
  while (!text.empty()) {
    const CodePoint next = DecodeFirst(text);
    if (next.bytes == 0) {
      absl::StrAppend(&printable, "\\x", absl::Hex(static_cast<uint8_t>(text[0]), absl::kZeroPad2));
    } else if (MustEscape(next.value)) {
      printable += Escaped(next.value);
    } else {
      printable += text.substr(0, next.bytes);
    }
    text.remove_prefix(next.bytes == 0 ? 1 : next.bytes);
  }
  return printable;
}

bool IsUtf8(std::string_view text) {
  while (!text.empty()) {
    const size_t bytes = DecodeFirst(text).bytes;
    if (bytes == 0) return false;
    text.remove_prefix(bytes);
  }
  return true;
}

}  // namespace recurve
