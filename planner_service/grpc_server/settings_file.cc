// SPDX-License-Identifier: Apache-2.0
#include "planner_service/grpc_server/settings_file.h"

#include <toml++/toml.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <optional>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "planner_service/status/status_macros.h"

namespace recurve {
namespace {

constexpr int kMostDots = 100;  // in a line, outside of strings and comments
constexpr size_t kMostBytes = size_t{64} << 10;
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
constexpr size_t kMostDigits = 18;  // fits in the integers of TOML, which have 64 bits

absl::StatusOr<std::string> ReadText(const std::string& path) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::string text(kMostBytes + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!file.is_open() || file.bad()) {
    return absl::NotFoundError(absl::StrCat("cannot read the configuration file ", path, ": ",
                                            strerror(errno)));  // NOLINT(concurrency-mt-unsafe): glibc's is safe
  }
  text.resize(static_cast<size_t>(file.gcount()));
  if (text.size() <= kMostBytes) return text;
  return absl::InvalidArgumentError(
      absl::StrCat("the configuration file ", path, " has more than ", kMostBytes, " bytes"));
}

absl::Status Wrong(const std::string& path, toml::source_position position, std::string_view problem) {
  return absl::InvalidArgumentError(absl::StrCat(path, ", line ", position.line, ": ", std::string(problem)));
}

std::optional<std::string> TextOf(const toml::node& node) {
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* number = node.as_integer()) return absl::StrCat(number->get());
  if (const auto* boolean = node.as_boolean()) return boolean->get() ? "true" : "false";
  return std::nullopt;
}

absl::StatusOr<FileSetting> ToSetting(const std::string& path, std::string_view key, const toml::node& node) {
  const toml::source_position position = node.source().begin;
  FileSetting setting{.key = std::string(key), .is_array = node.is_array(), .line = static_cast<int>(position.line)};
  const auto add = [&](const toml::node& value) {
    std::optional<std::string> text = TextOf(value);
    if (!text) return false;
    setting.values.push_back(*std::move(text));
    return true;
  };
  const toml::array* const array = node.as_array();
  if (array == nullptr ? add(node) : std::all_of(array->begin(), array->end(), add)) return setting;
  return Wrong(path, position,
               absl::StrCat(setting.key, " must be a string, a whole number, true or false, or an array of these"));
}

// Refuses what toml++ 3.3 does not stand: keys of very many parts, for which its recursion exhausts the stack, and
// other characters than ASCII outside of strings and comments, where TOML does not allow them and toml++ has undefined
// behavior for some. Follows the text up to the first error, which is where toml++ stops.
absl::Status CheckText(const std::string& path, std::string_view text) {
  const auto wrong = [&](size_t at, std::string_view problem) {
    const auto before = text.substr(0, at);
    const auto line = static_cast<toml::source_index>(1 + std::count(before.begin(), before.end(), '\n'));
    return Wrong(path, {line, 1}, problem);
  };
  int dots = 0;             // in this line
  std::string_view quotes;  // that end the current string; empty: none
  for (size_t i = text.starts_with(kByteOrderMark) ? kByteOrderMark.size() : 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\n') dots = 0;
    if (!quotes.empty()) {
      if (c == '\\' && quotes[0] == '"') {
        ++i;
      } else if (text.substr(i, quotes.size()) == quotes) {
        i += quotes.size() - 1;
        quotes = {};
      } else if (c == '\n' && quotes.size() == 1) {
        return absl::OkStatus();
      }
    } else if (c == '"' || c == '\'') {
      quotes = text.substr(i, text.substr(i, 3) == std::string(3, c) ? 3 : 1);
      i += quotes.size() - 1;
    } else if (c == '#') {
      i = std::min(text.find('\n', i), text.size()) - 1;
    } else if (static_cast<unsigned char>(c) >= 0x80) {
      return wrong(i, "not valid TOML: outside of quotes and comments, characters must be ASCII");
    } else if (c == '.' && ++dots > kMostDots) {
      return wrong(i, "the key has too many parts");
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<FileSetting>> ReadSettingsFile(const std::string& path) {
  ASSIGN_OR_RETURN(const std::string text, ReadText(path));
  RETURN_IF_ERROR(CheckText(path, text));
  std::vector<FileSetting> settings;
  try {
    const toml::table table = toml::parse(text, path);
    for (const auto& [key, node] : table) {
      ASSIGN_OR_RETURN(FileSetting setting, ToSetting(path, key.str(), node));
      settings.push_back(std::move(setting));
    }
  } catch (const toml::parse_error& error) {
    return Wrong(path, error.source().begin, absl::StrCat("not valid TOML: ", std::string(error.description())));
  }
  return settings;
}

std::string TomlValue(std::string_view text) {
  const bool digits = !text.empty() && text.size() <= kMostDigits && (text == "0" || text[0] != '0') &&
                      text.find_first_not_of("0123456789") == std::string_view::npos;
  if (digits || text == "true" || text == "false") return std::string(text);
  std::string value = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') value += '\\';
    if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') {
      absl::StrAppendFormat(&value, "\\u%04x", static_cast<unsigned char>(c));
    } else {
      value += c;
    }
  }
  return value + "\"";
}

}  // namespace recurve
