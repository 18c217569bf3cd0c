// SPDX-License-Identifier: Apache-2.0
#include "planner_service/text/units.h"

#include <algorithm>
#include <cstdio>
#include <iterator>
#include <limits>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace recurve {
namespace {

struct Unit {
  const char* name;
  int64_t size;
};

constexpr Unit kByteUnits[] = {
    {"", 1},
    {"B", 1},
    {"KiB", int64_t{1} << 10},
    {"MiB", int64_t{1} << 20},
    {"GiB", int64_t{1} << 30},
    {"TiB", int64_t{1} << 40},
    {"PiB", int64_t{1} << 50},
    {"Ki", int64_t{1} << 10},
    {"Mi", int64_t{1} << 20},
    {"Gi", int64_t{1} << 30},
    {"Ti", int64_t{1} << 40},
    {"Pi", int64_t{1} << 50},
    {"K", int64_t{1} << 10},
    {"M", int64_t{1} << 20},
    {"G", int64_t{1} << 30},
    {"T", int64_t{1} << 40},
    {"P", int64_t{1} << 50},
    {"KB", 1'000},
    {"MB", 1'000'000},
    {"GB", 1'000'000'000},
    {"TB", 1'000'000'000'000},
    {"PB", 1'000'000'000'000'000},
};
constexpr const Unit* kFirstBinaryUnit = &kByteUnits[2];  // KiB
constexpr const Unit* kLastBinaryUnit = &kByteUnits[6];   // PiB

constexpr Unit kDurationUnits[] = {{"ms", 1}, {"s", 1'000}, {"m", 60'000}, {"h", 3'600'000}};

// Such a time can be added to any clock without overflow, in nanoseconds, too.
constexpr int64_t kMostMilliseconds = int64_t{10} * 365 * 24 * 3'600'000;

constexpr int kMostFractionDigits = 18;

// A decimal number, digits / ten_to_scale.
struct Decimal {
  int64_t digits = 0;
  int64_t ten_to_scale = 1;
};

enum class Flaw { kNoNumber, kTooLarge, kTooFine, kUnknownUnit };

struct Parsed {
  int64_t value = 0;
  std::optional<Flaw> flaw;
};

// Consumes digits, a decimal point and digits from the front of `text`.
std::optional<Flaw> TakeNumber(absl::string_view& text, Decimal& number) {
  bool any = false;
  bool fraction = false;
  int fraction_digits = 0;
  for (; !text.empty(); text.remove_prefix(1)) {
    const char c = text.front();
    if (c == '.' && !fraction) {
      fraction = true;
      continue;
    }
    if (c < '0' || c > '9') break;
    any = true;
    const int digit = c - '0';
    if (number.digits > (std::numeric_limits<int64_t>::max() - digit) / 10) {
      return fraction ? Flaw::kTooFine : Flaw::kTooLarge;
    }
    if (fraction && ++fraction_digits > kMostFractionDigits) return Flaw::kTooFine;
    number.digits = number.digits * 10 + digit;
    if (fraction) number.ten_to_scale *= 10;
  }
  return any ? std::nullopt : std::optional(Flaw::kNoNumber);
}

// A value that is not a multiple of the smallest unit is too fine, unless `rounded_down` and given in a larger unit.
template <size_t kUnits>
Parsed ParseQuantity(std::string_view text, const Unit (&units)[kUnits], bool rounded_down) {
  absl::string_view rest = absl::StripAsciiWhitespace(absl::string_view(text.data(), text.size()));
  Decimal number;
  if (std::optional<Flaw> flaw = TakeNumber(rest, number)) return {.flaw = flaw};
  const absl::string_view unit_name = absl::StripAsciiWhitespace(rest);
  const Unit* unit = std::find_if(std::begin(units), std::end(units), [&](const Unit& candidate) {
    return absl::EqualsIgnoreCase(candidate.name, unit_name);
  });
  if (unit == std::end(units)) return {.flaw = Flaw::kUnknownUnit};
  const __int128 product = static_cast<__int128>(number.digits) * unit->size;
  const bool whole = product % number.ten_to_scale == 0;
  if (!whole && !(rounded_down && unit->size > 1)) return {.flaw = Flaw::kTooFine};
  const __int128 value = product / number.ten_to_scale;
  if (value > std::numeric_limits<int64_t>::max()) return {.flaw = Flaw::kTooLarge};
  return {.value = static_cast<int64_t>(value)};
}

absl::Status QuantityError(const char* what, std::string_view text, absl::string_view flaw, const char* remedy) {
  return absl::InvalidArgumentError(absl::StrCat(
      what, " '", absl::CHexEscape(absl::string_view(text.data(), text.size())), "' ", flaw, "; ", remedy));
}

const char* NameOfByteFlaw(Flaw flaw) {
  switch (flaw) {
    case Flaw::kNoNumber:
      return "does not begin with a number that is at least 0";
    case Flaw::kTooLarge:
      return "exceeds 8 EiB, which overflows int64";
    case Flaw::kTooFine:
      return "is not a whole number of bytes";
    case Flaw::kUnknownUnit:
      return "has an unknown unit";
  }
  return "cannot be read";
}

const char* NameOfDurationFlaw(Flaw flaw) {
  switch (flaw) {
    case Flaw::kNoNumber:
      return "does not begin with a number that is at least 0";
    case Flaw::kTooLarge:
      return "exceeds 10 years (87600h)";
    case Flaw::kTooFine:
      return "is not a whole number of milliseconds";
    case Flaw::kUnknownUnit:
      return "has no unit or an unknown one";
  }
  return "cannot be read";
}

// `value` in units of `size` with at most two decimals; nullopt if that is not exact.
std::optional<std::string> FormatExact(int64_t value, int64_t size) {
  const __int128 hundredths = static_cast<__int128>(value) * 100;
  if (hundredths % size != 0) return std::nullopt;
  const auto whole = static_cast<int64_t>(hundredths / size / 100);
  const auto fraction = static_cast<int>(hundredths / size % 100);
  if (fraction == 0) return absl::StrCat(whole);
  if (fraction % 10 == 0) return absl::StrCat(whole, ".", fraction / 10);
  return absl::StrCat(whole, ".", fraction < 10 ? "0" : "", fraction);
}

}  // namespace

absl::StatusOr<int64_t> ParseBytes(std::string_view text) {
  const Parsed parsed = ParseQuantity(text, kByteUnits, /*rounded_down=*/true);
  if (!parsed.flaw) return parsed.value;
  return QuantityError("size", text, NameOfByteFlaw(*parsed.flaw),
                       "give bytes or a unit, such as 1048576, 64MiB or 1.5GiB");
}

std::string FormatBytes(int64_t bytes) {
  for (const Unit* unit = kLastBinaryUnit; unit >= kFirstBinaryUnit; --unit) {
    if (bytes < unit->size) continue;
    if (std::optional<std::string> number = FormatExact(bytes, unit->size)) return absl::StrCat(*number, unit->name);
  }
  return absl::StrCat(bytes, "B");
}

std::string FormatBytesRounded(int64_t bytes) {
  for (const Unit* unit = kLastBinaryUnit; unit >= kFirstBinaryUnit; --unit) {
    const double value = static_cast<double>(bytes) / static_cast<double>(unit->size);
    if (value < 1 - 0.5 / 1024) continue;  // what rounds to 1024 of the next smaller unit becomes 1.00 of this one
    char number[32];
    std::snprintf(number, sizeof(number), "%.*f", value < 9.995 ? 2 : value < 99.95 ? 1 : 0, value);
    return absl::StrCat(number, unit->name);
  }
  return absl::StrCat(bytes, "B");
}

std::string AtLeastText(int64_t bytes) {
  const Unit* unit = kLastBinaryUnit;
  while (unit >= kFirstBinaryUnit && bytes < unit->size) --unit;
  if (unit < kFirstBinaryUnit) return absl::StrCat(bytes, bytes == 1 ? " byte" : " bytes");
  const int64_t whole = bytes / unit->size;
  const int decimals = whole < 10 ? 2 : whole < 100 ? 1 : 0;
  const int64_t scale = decimals == 2 ? 100 : decimals == 1 ? 10 : 1;
  const auto up = static_cast<int64_t>((static_cast<__int128>(bytes) * scale + unit->size - 1) / unit->size);
  const std::string fraction = absl::StrCat(up % scale + scale).substr(1);  // with leading zeros
  return absl::StrCat(up / scale, decimals > 0 ? "." : "", fraction, unit->name, " (", bytes, " bytes)");
}

absl::StatusOr<std::chrono::milliseconds> ParseDuration(std::string_view text) {
  Parsed parsed = ParseQuantity(text, kDurationUnits, /*rounded_down=*/false);
  if (parsed.value > kMostMilliseconds) parsed.flaw = Flaw::kTooLarge;
  if (!parsed.flaw) return std::chrono::milliseconds(parsed.value);
  return QuantityError("duration", text, NameOfDurationFlaw(*parsed.flaw),
                       "give a number and ms, s, m or h, such as 500ms or 10s");
}

std::string FormatDuration(std::chrono::milliseconds duration) {
  const int64_t milliseconds = duration.count();
  for (const Unit* unit = std::end(kDurationUnits) - 1; unit > std::begin(kDurationUnits); --unit) {
    if (milliseconds < unit->size) continue;
    if (std::optional<std::string> number = FormatExact(milliseconds, unit->size)) {
      return absl::StrCat(*number, unit->name);
    }
  }
  return absl::StrCat(milliseconds, "ms");
}

}  // namespace recurve
