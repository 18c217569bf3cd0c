// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_TESTS_FUZZ_FUZZ_FOLDER_H_
#define RECURVE_TESTS_FUZZ_FUZZ_FOLDER_H_

#include <stdlib.h>  // NOLINT(modernize-deprecated-headers): mkdtemp is POSIX

#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_split.h"
#include "tests/fuzz/fuzz_target.h"

namespace recurve {

// A temporary folder for the files of a fuzz target, removed with the object.
class FuzzFolder {
 public:
  FuzzFolder() : path_((std::filesystem::temp_directory_path() / "recurve-fuzz-XXXXXX").string()) {
    FuzzCheck(mkdtemp(path_.data()) != nullptr, "a temporary folder can be made");
  }
  ~FuzzFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  FuzzFolder(const FuzzFolder&) = delete;
  FuzzFolder& operator=(const FuzzFolder&) = delete;

  std::string At(const std::string& name) const { return path_ + "/" + name; }
  // Returns the path of the file.
  std::string Write(const std::string& name, const std::string& bytes) const {
    const std::string path = At(name);
    std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
    return path;
  }

 private:
  std::string path_;
};

// Splits an input of several files at the record separator of ASCII; missing ones are empty, and the last one has the
// rest.
inline std::vector<std::string> Sections(const std::string& bytes, size_t count) {
  std::vector<std::string> sections = absl::StrSplit(bytes, absl::MaxSplits('\x1e', static_cast<int>(count) - 1));
  sections.resize(count);
  return sections;
}

// A reader of a file either accepts it or says what is wrong with it, which is never the program. Returns whether it
// accepts it, and counts that.
inline bool FuzzRead(const absl::Status& status) {
  FuzzCheck(!absl::IsInternal(status) && !absl::IsUnknown(status), status.ToString().c_str());
  FuzzCheck(status.ok() || !status.message().empty(), "a refusal has a reason");
  fuzz_accepted += status.ok() ? 1 : 0;
  return status.ok();
}

}  // namespace recurve

#endif  // RECURVE_TESTS_FUZZ_FUZZ_FOLDER_H_
