// SPDX-License-Identifier: Apache-2.0
//
// Jobs of a daemon with roots, while someone who may write there renames and links.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include "tests/executor/daemon/daemon_fixture.h"
#include "tests/executor/data/swapper.h"

namespace recurve {
namespace {

namespace fs = std::filesystem;
using executor::v1::Job;
using executor::v1::JobEvent;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<std::string> NamesIn(const std::string& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) names.push_back(entry.path().filename().string());
  return names;
}

class ConfinementTest : public testing::Test {
 protected:
  ConfinementTest() {
    for (const char* name : {"data/folder", "models/folder", "secrets", "drop"}) fs::create_directories(At(name));
    fs::copy_file(folder_.text(), At("data/folder/text"));
    std::ofstream secret(At("secrets/text"));
    for (int i = 0; i < 3; ++i) secret << std::ifstream(folder_.text()).rdbuf();
    ExecutorDaemonOptions options;
    options.data_root = At("data");
    options.model_root = At("models");
    daemon_ = StartDaemon(std::move(options));
    client_ = std::make_unique<DaemonClient>(daemon_->port());
  }
  std::string At(const std::string& name) const { return folder_.At(name); }

  const TrainingFolder folder_;
  std::unique_ptr<ExecutorDaemon> daemon_;
  std::unique_ptr<DaemonClient> client_;
};

TEST_F(ConfinementTest, NoRaceReadsOrWritesOutside) {
  fs::create_directory_symlink(At("secrets"), At("data/link"));
  fs::create_directory_symlink("../drop", At("models/link"));
  const auto inside_bytes = static_cast<int64_t>(fs::file_size(folder_.text()));
  int succeeded = 0;
  int denied = 0;
  const Swapper data(At("data/folder"), At("data/link"));
  const Swapper models(At("models/folder"), At("models/link"));
  for (int round = 0; round < 10; ++round) {
    std::vector<std::string> ids;
    for (int i = 0; i < 20; ++i) {
      executor::v1::JobSpec spec = TinySpec(i % 2 == 0 ? "folder/text" : "link/../folder/text", 2);
      spec.set_save_path(i % 3 == 0 ? "link/model" : "folder/model" + std::to_string(i));
      spec.set_checkpoint_every(1);
      ids.push_back(client_->Submit(spec).id());
    }
    for (const std::string& id : ids) {
      const Job job = client_->WaitForEnd(id);
      if (job.has_plan()) {
        EXPECT_EQ(job.plan().data().train() + job.plan().data().held_out(), inside_bytes) << "an outside file was read";
      }
      EXPECT_THAT(job.reason(), Not(HasSubstr("secrets")));
      EXPECT_THAT(job.reason(), Not(HasSubstr("drop")));
      succeeded += static_cast<int>(job.state() == executor::v1::JOB_STATE_SUCCEEDED);
      denied += static_cast<int>(job.reason().starts_with("PERMISSION_DENIED"));
    }
    ASSERT_THAT(NamesIn(At("drop")), IsEmpty()) << "a file was written outside";
  }
  EXPECT_GT(succeeded, 0);
  EXPECT_GT(denied, 0);
  EXPECT_GT(data.swaps(), 0);
  EXPECT_GT(models.swaps(), 0);
}

// Between two saves of a running job, its folder becomes a link out.
TEST_F(ConfinementTest, AFolderThatBecomesALinkEndsNowhereElse) {
  executor::v1::JobSpec spec = EndlessSpec("folder/text");
  spec.set_save_path("folder/model");
  spec.set_checkpoint_every(1);
  const std::string id = client_->Submit(spec).id();
  client_->WaitForStep(id, 2);
  fs::rename(At("models/folder"), At("models/moved"));
  fs::create_directory_symlink(At("drop"), At("models/folder"));
  client_->WaitForStep(id, client_->Get(id).progress().step() + 20);
  client_->Cancel(id);
  const std::vector<JobEvent> events = client_->EventsToTheEnd(id);
  const std::string outside = "folder/model is outside " + At("models");
  const std::vector<std::string> notes = Notes(events);
  EXPECT_THAT(notes, testing::Contains(HasSubstr(outside)));
  for (const std::string& note : notes) EXPECT_THAT(note, Not(HasSubstr("drop")));
  EXPECT_THAT(NamesIn(At("drop")), IsEmpty());
  EXPECT_THAT(NamesIn(At("models/moved")), testing::ElementsAre("model"));
  EXPECT_THAT(NamesIn(At("models")), testing::Contains(testing::StartsWith("recurve-model-")))
      << "the last model is kept in the root";

  // The saved model is not fetched through the link either.
  grpc::ClientContext context;
  executor::v1::DownloadModelRequest request;
  request.set_id(id);
  executor::v1::DownloadModelResponse response;
  const auto reader = client_->stub().DownloadModel(&context, request);
  EXPECT_FALSE(reader->Read(&response));
  const grpc::Status download = reader->Finish();
  EXPECT_EQ(download.error_code(), grpc::StatusCode::PERMISSION_DENIED);
  EXPECT_THAT(download.error_message(), testing::StartsWith(outside));
}

// A model is lost rather than saved outside of its root.
TEST_F(ConfinementTest, AModelWhoseRootIsGoneIsNotSavedOutside) {
  const auto rescued = [] {
    std::set<std::string> names;
    for (const fs::path& folder : {fs::temp_directory_path(), fs::current_path()}) {
      for (const std::string& name : NamesIn(folder.string())) {
        if (name.starts_with("recurve-model-")) names.insert(name);
      }
    }
    return names;
  };
  executor::v1::JobSpec spec = EndlessSpec("folder/text");
  spec.set_save_path("folder/model");
  const std::string id = client_->Submit(spec).id();
  client_->WaitForStep(id, 2);
  const std::set<std::string> before = rescued();
  fs::remove_all(At("models"));
  client_->Cancel(id);
  const std::vector<std::string> notes = Notes(client_->EventsToTheEnd(id));
  EXPECT_THAT(notes, testing::Contains(HasSubstr("the model could not be saved elsewhere and is lost")));
  EXPECT_EQ(rescued(), before);
}

// Whether the file is there, a folder, or not to be read must not show, in any message of the job.
TEST_F(ConfinementTest, AJobLearnsNothingAboutWhatIsOutside) {
  fs::create_directory(At("secrets/folder"));
  ASSERT_EQ(mkfifo(At("secrets/pipe").c_str(), 0600), 0);
  std::ofstream(At("secrets/closed")) << "x";
  chmod(At("secrets/closed").c_str(), 0);
  std::set<std::string> said;
  for (const char* target : {"text", "nothing", "nothing/text", "folder", "pipe", "closed", "text/x"}) {
    for (const std::string& link : {At("secrets/") + target, std::string("../secrets/") + target}) {
      fs::remove(At("data/link"));
      fs::create_symlink(link, At("data/link"));
      executor::v1::JobSpec spec = TinySpec("link", 1);
      spec.set_save_path("folder/model");
      const std::string id = client_->Submit(spec).id();
      std::string all = client_->WaitForEnd(id).reason();
      for (const std::string& note : Notes(client_->EventsToTheEnd(id))) all += "; " + note;
      said.insert(all);
    }
  }
  EXPECT_THAT(said, testing::ElementsAre("PERMISSION_DENIED: link is outside " + At("data") +
                                         ", the only directory that --data-root allows; symbolic links are followed "
                                         "if they are relative and stay inside"));
}

}  // namespace
}  // namespace recurve
