// SPDX-License-Identifier: Apache-2.0
//
// The directories of owners who are kept apart, while someone who may write there renames and links.
#include "executor/daemon/owner_roots.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <string>
#include <utility>

#include "executor/data/file_path.h"
#include "tests/executor/daemon/daemon_fixture.h"

namespace recurve {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class OwnerRootsTest : public testing::Test {
 protected:
  OwnerRootsTest() {
    for (const char* name : {"data", "models", "state/uploads", "outside"}) fs::create_directories(At(name));
    for (const char* name : {"data/text", "outside/text"}) std::ofstream(At(name)) << name;
    options_ = {.data_root = At("data"),
                .model_root = At("models"),
                .uploads = At("state/uploads"),
                .apart = true,
                .state = At("state")};
  }
  std::string At(const std::string& name) const { return folder_.At(name); }
  OwnerRoots Resolve() {
    absl::StatusOr<OwnerRoots> roots = OwnerRoots::Resolve(options_);
    EXPECT_TRUE(roots.ok()) << roots.status();
    return *std::move(roots);
  }
  // The text of a file that a job reads.
  static std::string Read(const OwnerRoots& roots, const std::string& owner, const std::string& path) {
    const absl::StatusOr<PathRoots> of_owner = roots.Of(owner);
    if (!of_owner.ok()) return of_owner.status().ToString();
    const absl::StatusOr<FileDescriptor> file = FilePath(path, of_owner->data()).Open(O_RDONLY);
    if (!file.ok()) return file.status().ToString();
    char text[100];
    const ssize_t size = read(file->get(), text, sizeof(text));
    return size < 0 ? "unreadable" : std::string(text, static_cast<size_t>(size));
  }

  const TrainingFolder folder_;
  OwnerRootsOptions options_;
};

TEST_F(OwnerRootsTest, AFolderThatIsALinkIsRefused) {
  const OwnerRoots roots = Resolve();
  ASSERT_TRUE(roots.Of("alice").ok());
  ASSERT_TRUE(roots.Of("bob").ok());
  fs::rename(At("models/alice"), At("models/alice.old"));
  for (const std::string& target : {At("outside"), std::string("bob"), std::string("../outside")}) {
    fs::create_directory_symlink(target, At("models/alice"));
    const absl::Status refused = roots.Of("alice").status();
    EXPECT_EQ(refused.code(), absl::StatusCode::kPermissionDenied) << refused;
    EXPECT_THAT(std::string(refused.message()), HasSubstr("models/alice is a link or a file"));
    EXPECT_EQ(roots.ModelsOf("alice").status(), refused);
    fs::remove(At("models/alice"));
  }
  std::ofstream(At("models/alice")) << "a file";
  EXPECT_EQ(roots.Of("alice").status().code(), absl::StatusCode::kPermissionDenied);
  fs::remove(At("models/alice"));
  EXPECT_TRUE(roots.Of("alice").ok());
}

TEST_F(OwnerRootsTest, ARootThatIsReplacedStaysTheSameDirectory) {
  const OwnerRoots roots = Resolve();
  for (const char* root : {"data", "models"}) {
    fs::rename(At(root), At(std::string(root) + ".old"));
    fs::create_directory_symlink(At("outside"), At(root));
  }
  EXPECT_EQ(Read(roots, "alice", "text"), "data/text");
  EXPECT_EQ(Read(roots, "alice", At("data/text")), "data/text") << "by the name that the root had";
  ASSERT_TRUE(roots.Of("alice").ok());
  EXPECT_TRUE(fs::is_directory(At("models.old/alice")));
  EXPECT_FALSE(fs::exists(At("outside/alice")));
}

TEST_F(OwnerRootsTest, OnlyTheDaemonsUserMayEnterNewFolders) {
  const OwnerRoots roots = Resolve();
  ASSERT_TRUE(roots.Of("alice").ok());
  for (const char* name : {"models/alice", "state/uploads/owners", "state/uploads/owners/alice"}) {
    EXPECT_EQ(fs::status(At(name)).permissions(), fs::perms::owner_all) << name;
  }
  // What the operator changes stays.
  fs::permissions(At("models/alice"), fs::perms::owner_all | fs::perms::group_read | fs::perms::group_exec);
  ASSERT_TRUE(roots.Of("alice").ok());
  EXPECT_NE(fs::status(At("models/alice")).permissions(), fs::perms::owner_all);
}

TEST_F(OwnerRootsTest, UploadsAreTheOwnersOwn) {
  const OwnerRoots roots = Resolve();
  ASSERT_TRUE(roots.Of("alice").ok());
  const std::string path = At("state/uploads/owners/alice/data/mine");
  std::ofstream(path) << "mine";
  EXPECT_EQ(Read(roots, "alice", path), "mine");
  EXPECT_THAT(Read(roots, "bob", path), HasSubstr("PERMISSION_DENIED"));
  EXPECT_EQ(Read(roots, "bob", "text"), "data/text");
}

TEST_F(OwnerRootsTest, NeitherRootNorTheStateDirectoryContainsAnother) {
  const std::string state = At("state");
  fs::create_directories(At("state/inner"));
  fs::create_directories(At("models/inner"));
  fs::create_directories(At("data/inner"));
  fs::create_directory_symlink("state/inner", At("link"));
  const auto status = [&](const std::string& data, const std::string& models) {
    options_.data_root = data.empty() ? data : At(data);
    options_.model_root = models.empty() ? models : At(models);
    const absl::Status resolved = OwnerRoots::Resolve(options_).status();
    EXPECT_EQ(OwnerRoots::Check(options_), resolved);
    return resolved;
  };
  EXPECT_TRUE(status("data", "models").ok());
  EXPECT_TRUE(status("data", "").ok());
  EXPECT_TRUE(status("", "models").ok());
  EXPECT_TRUE(status("", "").ok());
  EXPECT_TRUE(status("data/", "models/../models/").ok());
  for (const auto& [data, models] :
       std::initializer_list<std::pair<const char*, const char*>>{{".", "models"},
                                                                  {"data", "."},
                                                                  {"state", "models"},
                                                                  {"data", "state"},
                                                                  {"state/uploads", "models"},
                                                                  {"data", "state/inner"},
                                                                  {"link", "models"},
                                                                  {"data", "link/"},
                                                                  {"data", "data"},
                                                                  {"data", "data/inner"},
                                                                  {"models/inner", "models"},
                                                                  {"state/inner", ""},
                                                                  {"", "state/inner"}}) {
    EXPECT_EQ(status(data, models).code(), absl::StatusCode::kInvalidArgument) << data << " " << models;
  }
  EXPECT_THAT(std::string(status("data", "state/inner").message()),
              testing::StartsWith("the state directory " + state + " contains --model-root " + At("state/inner")));
  // Nothing needs to exist for the check of the settings.
  options_.data_root = At("new/state/data");
  options_.model_root = At("new/models");
  options_.state = At("new/state");
  EXPECT_EQ(OwnerRoots::Check(options_).code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace recurve
