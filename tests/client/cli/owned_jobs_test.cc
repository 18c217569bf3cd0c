// SPDX-License-Identifier: Apache-2.0
//
// What the program shows of the jobs of others, on a daemon that asks for identity.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "executor/daemon/executor_daemon.h"
#include "tests/client/cli/run_recurve.h"

namespace recurve {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;
using Json = nlohmann::json;
using Words = std::vector<std::string>;

class OwnedJobs : public ::testing::Test {
 protected:
  OwnedJobs() {
    ExecutorDaemonOptions options;
    options.server.access.token_file =
        Private("tokens", "alices-token-0123456789 alice submit\nbobs-token-0123456789 bob submit\n");
    std::filesystem::create_directory(scratch_.File("data"));
    text_ = scratch_.Write("data/text", SomeText(2000));
    options.data_root = scratch_.File("data");
    options.threads = 1;
    daemon_ = ExecutorDaemon::Start(options).value();
    Words submit = TinyTraining(text_);
    submit.front() = "submit";
    const std::string out = As(alice_, Plus(submit, {"--name", "secret-name"})).out;
    id_ = out.substr(0, out.find('\n'));
    EXPECT_EQ(As(alice_, {"watch", id_}).exit, 0);
  }
  std::string Private(const std::string& name, const std::string& text) const {
    const std::string path = scratch_.Write(name, text);
    chmod(path.c_str(), 0600);
    return path;
  }
  Outcome As(const std::string& token_file, const Words& words) const {
    return RunRecurve(Plus(words, {"--executor", daemon_->server().address(), "--token-file", token_file}));
  }

  const ScratchDirectory scratch_;
  std::string text_;
  std::unique_ptr<ExecutorDaemon> daemon_;
  const std::string alice_ = Private("alice", "alices-token-0123456789\n");
  const std::string bob_ = Private("bob", "bobs-token-0123456789\n");
  std::string id_;
};

TEST_F(OwnedJobs, AreListedForOthersWithoutNamesLossesAndPaths) {
  const Outcome own = As(alice_, {"jobs"});
  EXPECT_THAT(own.out, HasSubstr("secret-name"));
  EXPECT_THAT(own.out, HasSubstr(text_));
  const Outcome table = As(bob_, {"jobs"});
  EXPECT_EQ(table.exit, 0) << table.err;
  EXPECT_THAT(table.out, ContainsRegex(id_ + " +alice +succeeded"));
  EXPECT_THAT(table.out, Not(HasSubstr("secret-name")));
  EXPECT_THAT(table.out, Not(HasSubstr(text_)));
  const Json job = JsonLines(As(bob_, {"jobs", "--json"}).out).at(0);
  EXPECT_EQ(job["redacted"], true);
  EXPECT_EQ(job["owner"], "alice");
  EXPECT_FALSE(job.contains("data_path"));
  EXPECT_FALSE(job["progress"].contains("loss"));
}

TEST_F(OwnedJobs, AreWatchedByOthersWithoutLosses) {
  const Outcome lines = As(bob_, {"watch", id_});
  EXPECT_EQ(lines.exit, 0) << lines.err;
  EXPECT_THAT(lines.out, HasSubstr("running\n"));
  EXPECT_THAT(lines.out, ContainsRegex("step [0-9]+/[0-9]+, peak "));
  EXPECT_THAT(lines.out, HasSubstr("succeeded\n"));
  EXPECT_THAT(lines.out, Not(HasSubstr("loss")));
  for (const Json& event : JsonLines(As(bob_, {"watch", id_, "--json"}).out)) {
    EXPECT_FALSE(event.contains("loss") || event.contains("reason") || event.contains("weights_sha256")) << event;
  }
  const Outcome losses = As(bob_, {"watch", id_, "--loss-csv", scratch_.File("losses")});
  EXPECT_EQ(losses.exit, 1);
  EXPECT_THAT(losses.err, HasSubstr("belongs to alice; only its owner sees its losses"));
}

TEST_F(OwnedJobs, AreNotChangedByOthers) {
  for (const Words& words : {Words{"cancel", id_}, Words{"delete", id_}, Words{"log", id_}, Words{"retry", id_}}) {
    const Outcome refused = As(bob_, words);
    EXPECT_EQ(refused.exit, 1) << words[0];
    EXPECT_THAT(refused.err, HasSubstr("belongs to alice, not to bob")) << words[0];
  }
}

}  // namespace
}  // namespace recurve
