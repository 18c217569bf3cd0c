// SPDX-License-Identifier: Apache-2.0
//
// --ca-file, --cert-file and --key-file of the real program, against daemons with TLS.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <memory>
#include <string>
#include <thread>

#include "executor/daemon/executor_daemon.h"
#include "tests/client/cli/run_recurve.h"
#include "tests/planner_service/tls/test_authority.h"

namespace recurve {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class TlsOptions : public ::testing::Test {
 protected:
  TlsOptions() {
    const PemPair own = authority_.Issue();
    ExecutorDaemonOptions options;
    options.server.tls = {.certificate = scratch_.Write("tls.crt", own.certificate),
                          .key = scratch_.Write("tls.key", own.key),
                          .authorities = ca_};
    options.data_root = scratch_.File("");
    daemon_ = ExecutorDaemon::Start(options).value();
    const PemPair client = authority_.Issue();
    certificate_ = scratch_.Write("client.crt", client.certificate);
    key_ = scratch_.Write("client.key", client.key);
  }
  std::vector<std::string> Devices(const std::vector<std::string>& more = {}) const {
    return Plus({"devices", "--executor", daemon_->server().address()}, more);
  }

  const ScratchDirectory scratch_;
  const TestAuthority authority_{"authority"};
  const std::string ca_ = scratch_.Write("ca.crt", authority_.certificate());
  std::unique_ptr<ExecutorDaemon> daemon_;
  std::string certificate_;
  std::string key_;
};

TEST_F(TlsOptions, AreTakenFromTheCommandLineOrTheEnvironment) {
  const Outcome given = RunRecurve(Devices({"--ca-file", ca_, "--cert-file", certificate_, "--key-file", key_}));
  EXPECT_EQ(given.exit, 0) << given.err;
  EXPECT_THAT(given.out, HasSubstr("cpu"));
  const std::string variables =
      "RECURVE_CA_FILE=" + ca_ + " RECURVE_CERT_FILE=" + certificate_ + " RECURVE_KEY_FILE=" + key_ + " \"$0\" ";
  const Outcome environment = RunInShell(variables + Quoted(Devices()));
  EXPECT_EQ(environment.exit, 0) << environment.err;
  EXPECT_EQ(environment.out, given.out);
  const std::vector<std::string> health = {"health", daemon_->server().address()};
  EXPECT_EQ(RunInShell(variables + Quoted(health)).out, "SERVING\n");
  // The command line takes precedence.
  const Outcome wrong = RunInShell(variables + Quoted(Devices({"--ca-file", key_})));
  EXPECT_EQ(wrong.exit, 2);
  EXPECT_THAT(wrong.err, HasSubstr("client.key contains no certificate"));
  // Commands that call no service do not read the files.
  const std::vector<std::string> plan = {"plan", "--length", "10", "--slots", "2"};
  EXPECT_EQ(RunInShell("RECURVE_CA_FILE=/no/such/file \"$0\" " + Quoted(plan)).exit, 0);
}

TEST_F(TlsOptions, ErrorsAreOneLineWithTheRemedy) {
  ExpectRefused(Devices(), 1, {"the server accepts only TLS", "--ca-file"});
  ExpectRefused({"health", daemon_->server().address()}, 1, {"the server accepts only TLS", "--ca-file"});
  ExpectRefused(Devices({"--ca-file", ca_}), 1, {"mTLS", "--cert-file and --key-file"});
  const std::string other = scratch_.Write("other.crt", TestAuthority("other").certificate());
  ExpectRefused(Devices({"--ca-file", other}), 1, {"not signed by a CA in the CA file"});
  ExpectRefused(Devices({"--ca-file", "/no/such/file"}), 2, {"cannot read /no/such/file", "recurve devices --help"});
  ExpectRefused(Devices({"--cert-file", certificate_}), 2, {"without a key file"});
  ExpectRefused({"plan", "--length", "10", "--slots", "2", "--ca-file", ca_}, 2,
                {"--ca-file has no effect without --planner"});
}

TEST_F(TlsOptions, TheCommandThatContinuesAWatchHasThem) {
  const std::vector<std::string> tls = {
      "--executor", daemon_->server().address(), "--ca-file", ca_, "--cert-file", certificate_, "--key-file", key_};
  const std::string text = scratch_.Write("text", SomeText(2000));
  RecurveProcess watch(Plus({"submit", "--data", text, "--length", "16", "--hidden", "8", "--steps", "1000000000",
                             "--memory", "50%", "--watch", "--json"},
                            tls));
  while (watch.OutSoFar().find("\"running\"") == std::string::npos) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  watch.Signal(SIGINT);
  const Outcome outcome = watch.Wait();
  EXPECT_EQ(outcome.exit, 130) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr(" --ca-file " + ca_ + " --cert-file " + certificate_ + " --key-file " + key_));
}

TEST_F(TlsOptions, TrainingGoesOnWithoutAPlannerThatItDoesNotTrust) {
  const std::string text = scratch_.Write("text", SomeText(2000));
  const Outcome outcome = RunRecurve(
      Plus(TinyTraining(text), {"--memory", "50%", "--planner", daemon_->server().address(), "--ca-file", ca_}));
  EXPECT_EQ(outcome.exit, 0) << outcome.err;
  EXPECT_THAT(outcome.err, StartsWith("recurve: note: planned in this process because"));
  EXPECT_THAT(outcome.err, HasSubstr("mTLS"));
}

}  // namespace
}  // namespace recurve
