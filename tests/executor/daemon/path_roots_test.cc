// SPDX-License-Identifier: Apache-2.0
#include "executor/daemon/path_roots.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "tests/executor/task/language_model/language_model_of.h"

namespace recurve {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class PathRootsTest : public testing::Test {
 protected:
  PathRootsTest() {
    std::string name = (fs::path(testing::TempDir()) / "path_roots_XXXXXX").string();
    folder_ = fs::canonical(mkdtemp(name.data()));
    for (const char* sub : {"data/deep", "models", "outside", "data-other"}) fs::create_directories(folder_ / sub);
    for (const char* file : {"data/text", "data/deep/text", "outside/secret", "data-other/text"}) {
      std::ofstream(folder_ / file) << "text";
    }
    fs::create_symlink(folder_ / "outside", folder_ / "data/link_out");
    fs::create_symlink("deep", folder_ / "data/link_in");
    fs::create_symlink("../outside/secret", folder_ / "data/secret");
    fs::create_symlink(folder_ / "outside", folder_ / "models/link_out");
    fs::create_symlink(folder_ / "outside/later.safetensors", folder_ / "models/dangling");
  }
  ~PathRootsTest() override { fs::remove_all(folder_); }

  PathRoots Roots() {
    absl::StatusOr<PathRoots> roots = PathRoots::Resolve((folder_ / "data").string(), (folder_ / "models").string());
    EXPECT_TRUE(roots.ok()) << roots.status();
    return *roots;
  }
  absl::StatusOr<JobSpec> Confine(const std::string& data, const std::string& save) {
    JobSpec spec;
    LanguageModelOf(spec).data_path = data;
    spec.save_path = save;
    return Roots().Confine(spec);
  }
  std::string At(const std::string& path) { return (folder_ / path).string(); }
  void ExpectDenied(const absl::StatusOr<JobSpec>& spec, const std::string& field, const std::string& root) {
    EXPECT_EQ(spec.status().code(), absl::StatusCode::kPermissionDenied) << spec.status();
    EXPECT_THAT(std::string(spec.status().message()), HasSubstr(field));
    EXPECT_THAT(std::string(spec.status().message()), HasSubstr(At(root)));
  }

  fs::path folder_;
};

TEST_F(PathRootsTest, DataBelowTheRootIsFoundWhicheverWayItIsNamed) {
  for (const std::string& path : {std::string("text"), std::string("./deep/../text"), At("data/text"),
                                  At("data/deep/../text"), At("outside/../data/text")}) {
    const absl::StatusOr<JobSpec> spec = Confine(path, "");
    ASSERT_TRUE(spec.ok()) << spec.status();
    EXPECT_EQ(LanguageModelOf(*spec).data_path, At("data/text")) << path;
  }
  EXPECT_EQ(LanguageModelOf(*Confine("link_in/text", "")).data_path, At("data/deep/text"));
}

TEST_F(PathRootsTest, DataThatIsNotThereIsLeftToTheJob) {
  const absl::StatusOr<JobSpec> spec = Confine("nothing/here", "");
  ASSERT_TRUE(spec.ok()) << spec.status();
  EXPECT_EQ(LanguageModelOf(*spec).data_path, At("data/nothing/here"));
}

TEST_F(PathRootsTest, DataOutsideIsDeniedWhetherItExistsOrNot) {
  for (const std::string& path :
       {At("outside/secret"), At("outside/nothing"), std::string("../outside/secret"),
        std::string("../outside/nothing"), std::string("link_out/secret"), std::string("link_out/nothing"),
        std::string("secret"), std::string("link_out/../data-other/text"), At("data-other/text"),
        std::string("deep/../../outside/secret"), std::string("/"), std::string("nothing/../../outside/secret"),
        std::string("link_in/../../outside/secret")}) {
    SCOPED_TRACE(path);
    ExpectDenied(Confine(path, ""), "data_path", "data");
  }
}

TEST_F(PathRootsTest, ModelsGoBelowTheirRoot) {
  EXPECT_EQ(Confine("text", "a.safetensors")->save_path, At("models/a.safetensors"));
  EXPECT_EQ(Confine("text", At("models/b.safetensors"))->save_path, At("models/b.safetensors"));
  EXPECT_EQ(Confine("text", "")->save_path, "");
}

TEST_F(PathRootsTest, ModelsOutsideAreDenied) {
  for (const std::string& path : {At("outside/a"), std::string("../outside/a"), std::string("link_out/a"),
                                  std::string("dangling"), At("data/a"), std::string("link_out/../a")}) {
    SCOPED_TRACE(path);
    ExpectDenied(Confine("text", path), "save_path", "models");
  }
}

TEST_F(PathRootsTest, ModelPathMustNameAFile) {
  for (const std::string& path : {std::string("."), std::string(".."), std::string("./"), At("models/")}) {
    const absl::Status status = Confine("text", path).status();
    EXPECT_FALSE(status.ok()) << path;
    EXPECT_THAT(std::string(status.message()), HasSubstr("save_path"));
  }
}

TEST_F(PathRootsTest, WithoutRootsPathsStayAsTheyAre) {
  JobSpec spec;
  LanguageModelOf(spec).data_path = "/tmp/../anything";
  spec.save_path = "/tmp/x/../y";
  const absl::StatusOr<JobSpec> confined = PathRoots::Resolve("", "")->Confine(spec);
  ASSERT_TRUE(confined.ok());
  EXPECT_EQ(LanguageModelOf(*confined).data_path, LanguageModelOf(spec).data_path);
  EXPECT_EQ(confined->save_path, spec.save_path);
}

// It would start in the directory that the daemon happens to run in.
TEST_F(PathRootsTest, WithoutARootARelativePathIsRefused) {
  JobSpec spec;
  LanguageModelOf(spec).data_path = "text";
  const absl::Status data = PathRoots::Resolve("", At("models"))->Confine(spec).status();
  EXPECT_EQ(data.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(data.message()), HasSubstr("data_path text is relative"));
  spec.save_path = "model";
  const absl::Status model = PathRoots::Resolve(At("data"), "")->Confine(spec).status();
  EXPECT_EQ(model.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(model.message()), HasSubstr("save_path model is relative"));
}

// A link that is put there between the check and the save must not lead the daemon out either.
TEST_F(PathRootsTest, BelowARootModelsAreNotSavedThroughLinks) {
  EXPECT_FALSE(Confine("text", "model")->save_through_links);
  JobSpec spec;
  spec.save_path = At("models/model");
  EXPECT_TRUE(PathRoots::Resolve("", "")->Confine(spec)->save_through_links);
}

TEST_F(PathRootsTest, ARootMustBeADirectory) {
  const absl::Status missing = PathRoots::Resolve(At("nothing"), "").status();
  EXPECT_EQ(missing.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(missing.message()), HasSubstr("--data-root " + At("nothing")));
  const absl::Status file = PathRoots::Resolve("", At("data/text")).status();
  EXPECT_EQ(file.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(file.message()), HasSubstr("--model-root " + At("data/text")));
}

}  // namespace
}  // namespace recurve
