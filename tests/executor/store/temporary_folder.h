// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_TESTS_EXECUTOR_STORE_TEMPORARY_FOLDER_H_
#define RECURVE_TESTS_EXECUTOR_STORE_TEMPORARY_FOLDER_H_

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace recurve {

// A new folder, which is removed with this object.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::path(testing::TempDir()) / "recurve_store_XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) std::abort();
    path_ = name;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

inline std::string ReadBytes(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline void WriteBytes(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

// While it lives, the superuser has no more rights than the user nobody; others keep theirs. For tests of what a
// process may not do.
class WithoutSuperuser {
 public:
  // Gives `folder` to the user who remains.
  explicit WithoutSuperuser(const std::string& folder) {
    if (geteuid() != 0) return;
    changed_ = chown(folder.c_str(), kNobody, static_cast<gid_t>(-1)) == 0 && seteuid(kNobody) == 0;
  }
  ~WithoutSuperuser() {
    if (changed_ && seteuid(0) != 0) std::abort();
  }
  WithoutSuperuser(const WithoutSuperuser&) = delete;
  WithoutSuperuser& operator=(const WithoutSuperuser&) = delete;

  bool ok() const { return geteuid() != 0; }

 private:
  static constexpr uid_t kNobody = 65534;
  bool changed_ = false;
};

}  // namespace recurve

#endif  // RECURVE_TESTS_EXECUTOR_STORE_TEMPORARY_FOLDER_H_
