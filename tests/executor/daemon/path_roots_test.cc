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
                                  At("data/deep/../text"), std::string("link_in/text")}) {
    const absl::StatusOr<JobSpec> spec = Confine(path, "");
    ASSERT_TRUE(spec.ok()) << spec.status();
    EXPECT_EQ(LanguageModelOf(*spec).data_path, path) << "as given";
    const absl::StatusOr<InputFiles> inputs = OpenInputs(*spec);
    ASSERT_TRUE(inputs.ok()) << inputs.status();
    EXPECT_EQ(inputs->front()->size(), 4);
  }
  EXPECT_EQ(OpenInputs(*Confine("nothing/here", "")).status().code(), absl::StatusCode::kNotFound);
}

TEST_F(PathRootsTest, PathsWhoseTextLeadsOutAreDenied) {
  for (const std::string& path :
       {At("outside/secret"), At("outside/nothing"), std::string("../outside/secret"),
        std::string("../outside/nothing"), At("data-other/text"), std::string("deep/../../outside/secret"),
        std::string("/"), std::string("nothing/../../outside/secret"), At("outside/../data/text")}) {
    SCOPED_TRACE(path);
    ExpectDenied(Confine(path, ""), "data_path " + path, "data");
    ExpectDenied(Confine("text", path), "save_path " + path, "models");
  }
}

TEST_F(PathRootsTest, LinksThatLeadOutAreDeniedWhenOpened) {
  for (const char* path : {"link_out/secret", "link_out/nothing", "secret", "link_out/../data-other/text"}) {
    SCOPED_TRACE(path);
    const absl::Status status = OpenInputs(*Confine(path, "")).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kPermissionDenied);
    EXPECT_THAT(std::string(status.message()), HasSubstr(std::string(path) + " is outside " + At("data")));
  }
  for (const char* path : {"link_out/a", "dangling", "link_out/../a"}) {
    const absl::Status status = FilePlace::Find(Confine("text", path)->model_file(), "write").status();
    EXPECT_EQ(status.code(), absl::StatusCode::kPermissionDenied) << path;
  }
}

TEST_F(PathRootsTest, UploadsCanBeReadToo) {
  PathRoots roots = Roots();
  ASSERT_TRUE(roots.AllowData(At("data-other")).ok());
  JobSpec spec;
  for (const char* path : {"data-other/text", "data/text"}) {
    LanguageModelOf(spec).data_path = At(path);
    EXPECT_TRUE(OpenInputs(*roots.Confine(spec)).ok()) << path;
  }
  LanguageModelOf(spec).data_path = At("data-other/../outside/secret");
  ExpectDenied(roots.Confine(spec), "data_path", "data");
}

TEST_F(PathRootsTest, WithoutRootsPathsStayAsTheyAre) {
  JobSpec spec;
  LanguageModelOf(spec).data_path = "/tmp/../anything";
  spec.save_path = "/tmp/x/../y";
  const absl::StatusOr<JobSpec> confined = PathRoots::Resolve("", "")->Confine(spec);
  ASSERT_TRUE(confined.ok());
  EXPECT_EQ(LanguageModelOf(*confined).data_path, LanguageModelOf(spec).data_path);
  EXPECT_EQ(confined->save_path, spec.save_path);
  EXPECT_EQ(confined->data_directories, nullptr);
  EXPECT_EQ(confined->model_directories, nullptr);
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
