// SPDX-License-Identifier: Apache-2.0
//
// What is wrong with a command line is said in the words in which it was typed, with what was probably meant.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/client/cli/run_recurve.h"

namespace recurve {
namespace {

using Words = std::vector<std::string>;

const Words kChainOf10 = {"--length", "10", "--state-bytes", "1", "--tape-bytes", "2"};
const Words kSmallModel = {"--hidden", "64", "--length", "100"};

TEST(Usage, SaysWhatIsWrong) {
  ExpectRefused({}, 2, {"a command is missing", "recurve --help"});
  for (const std::string group : {"schedule", "capacity"}) {
    ExpectRefused({group}, 2, {"a command is missing after \"recurve " + group + "\"", "recurve " + group + " --help"});
    ExpectRefused({group, "--frobnicate", "3"}, 2, {"\"--frobnicate 3\" is not expected", "no such option"});
  }
  ExpectRefused({"frobnicate"}, 2, {"\"frobnicate\" is not expected: recurve has no such command", "recurve --help"});
  ExpectRefused({"--frobnicate"}, 2, {"no such option", "recurve --help"});
  ExpectRefused({""}, 2, {"recurve --help"});
}

TEST(Usage, SuggestsTheCommandThatWasMeant) {
  const struct {
    const char *typed, *meant;
  } cases[] = {{"tran", "train"},  {"trian", "train"},     {"evla", "eval"},     {"list", "jobs"},
               {"stop", "cancel"}, {"generate", "sample"}, {"sched", "schedule"}};
  for (const auto& c : cases) ExpectRefused({c.typed}, 2, {std::string("did you mean recurve ") + c.meant + "?"});
}

TEST(Usage, SuggestsTheGroupOfACommand) {
  for (const std::string name : {"advise", "budget", "curve", "fit", "lengths", "split"}) {
    const std::string meant = "\"" + name +
                              "\" is not expected: recurve has no such command; did you mean recurve capacity " + name +
                              "? See recurve --help";
    ExpectRefused({name}, 2, {meant});
    ExpectRefused({name, "--memory", "1MiB", "--strategy", "plan"}, 2, {meant});
    ExpectRefused({name, "--help"}, 2, {meant});
    ExpectRefused({"help", name}, 2, {meant});
  }
  ExpectRefused({"chain", "train"}, 2, {"did you mean recurve plan chain?"});
  ExpectRefused({"offload"}, 2, {"did you mean recurve plan offload?"});
  ExpectRefused({"verify", "x"}, 2, {"did you mean recurve schedule verify?"});
  ExpectRefused({"capacity", "train"}, 2, {"recurve capacity has no such command; did you mean recurve train?"});
  ExpectRefused({"schedule", "chain"}, 2, {"recurve schedule has no such command; did you mean recurve plan chain?"});
  ExpectRefused({"capacity", "help"}, 2, {"did you mean --help?"});
}

TEST(Usage, OptionsBelongToTheCommandBeforeThem) {
  ExpectRefused({"plan", "--memory", "1MiB", "chain", "x.json"}, 2, {"--memory has no effect before \"chain\""});
  ExpectRefused({"plan", "chain", "x.json", "--alpha", "5"}, 2, {"recurve plan chain has no such option"});
  ExpectRefused({"plan", "--length", "5", "train"}, 2,
                {"recurve plan has no such command; did you mean recurve train?"});
}

TEST(Usage, SuggestsTheOptionThatWasMeant) {
  const struct {
    Words typed;
    const char* meant;
  } cases[] = {
      {{"train", "--epochs", "3"}, "--steps"},
      {{"train", "--lr", "0.1"}, "--learning-rate"},
      {{"train", "--batch-size", "8"}, "--batch"},
      {{"train", "--stpes", "8"}, "--steps"},
      {{"train", "--mem", "8"}, "--memory"},
      {{"train", "--hidden-size=8"}, "--hidden"},
      {{"train", "--schedule", "cosine"}, "--learning-rate-schedule"},
      {{"plan", "--budget-bytes", "8"}, "--memory"},
      {{"plan", "offload", "--device-bytes", "8"}, "--memory"},
      {{"plan", "offload", "--host-bytes", "8"}, "--host-memory"},
      {{"schedule", "export", "--out", "x"}, "--save"},
      {{"capacity", "advise", "--forward-seconds", "1"}, "--forward-cost"},
      {{"plan", "chain", "x.json", "--corners", "8"}, "--points"},
  };
  for (const auto& c : cases) {
    ExpectRefused(c.typed, 2, {"has no such option", std::string("did you mean ") + c.meant + "?"});
  }
  ExpectRefused({"jobs", "--epochs", "3"}, 2, {"recurve jobs has no such option; see recurve jobs --help"});
}

TEST(Usage, KeepsTheWordsInTheirOrder) {
  ExpectRefused({"train", "--epochs", "3", "--lr", "0.1"}, 2, {"\"--epochs 3 --lr 0.1\" is not expected"});
  ExpectRefused({"jobs", "one", "two", "three"}, 2, {"\"one two three\" is not expected"});
}

TEST(Usage, RefusesOptionsThatDoNothing) {
  const Words train = {"train", "--data", "/dev/null"};
  const struct {
    Words words;
    const char* says;
  } cases[] = {
      {Plus(train, {"--checkpoint-every", "5"}),
       "--checkpoint-every has no effect without --checkpoint-dir, --resume or --save"},
      {Plus(train, {"--force-data"}), "--force-data has no effect without --resume"},
      {Plus(train, {"--momentum", "0.5"}), "--momentum has no effect with --optimizer adamw"},
      {Plus(train, {"--beta1", "0.5", "--optimizer", "sgd"}), "--beta1 has no effect with --optimizer sgd"},
      {Plus(train, {"--beta2", "0.5", "--optimizer", "sgd"}), "--beta2 has no effect with --optimizer sgd"},
      {Plus(train, {"--residual"}), "--residual has no effect with --layers 1"},
      {Plus(train, {"--reset-state", "--sequences", "lines"}), "--reset-state has no effect with --sequences lines"},
      {Plus(train, {"--threads", "2", "--device", "cuda:1"}), "--threads has no effect with --device cuda:1"},
      {{"submit", "--data", "/dev/null", "--momentum", "0.5"}, "--momentum has no effect with --optimizer adamw"},
      {{"profile", "--data", "/dev/null", "--residual"}, "--residual has no effect with --layers 1"},
      {Plus({"capacity", "advise", "--memory", "1GiB", "--residual"}, kSmallModel),
       "--residual has no effect with --layers 1"},
      {Plus({"capacity", "fit", "--memory", "1GiB", "--batch", "4"}, kSmallModel),
       "--batch has no effect with --dimension batch"},
      {Plus({"capacity", "fit", "--memory", "1GiB", "--dimension", "length"}, kChainOf10),
       "--length has no effect with --dimension"},
      {Plus({"capacity", "fit", "--memory", "1GiB", "--dimension", "hidden"}, kSmallModel),
       "--hidden has no effect with --dimension"},
      {Plus({"plan", "offload", "--memory", "9", "--host-write-cost", "1"}, kChainOf10),
       "--host-write-cost has no effect without --host-memory"},
  };
  for (const auto& c : cases) ExpectRefused(c.words, 2, {c.says, "leave it out"});
}

TEST(Usage, ReadsSizesAsKubernetesWritesThem) {
  EXPECT_EQ(JsonOf(Plus({"plan", "--memory", "64Mi", "--strategy", "auto", "--json"}, kChainOf10))["budget_bytes"],
            64 << 20);
}

TEST(Usage, AsksWhetherAShareWasMeant) {
  const Words train = {"train", "--data", "/dev/null", "--memory"};
  ExpectRefused(Plus(train, {"5"}), 2, {"--memory", "\"5\" without a unit is a number of bytes; did you mean 5%?"});
  ExpectRefused(Plus(train, {"0.05"}), 2, {"did you mean 5%?"});
  ExpectRefused(Plus(train, {"12.5"}), 2, {"did you mean 12.5%?"});
  ExpectRefused(Plus(train, {"100"}), 2, {"did you mean 100%?"});
}

TEST(Usage, FitSaysWhatAChainNeeds) {
  ExpectRefused(Plus({"capacity", "fit", "--memory", "1GiB"}, kChainOf10), 2,
                {"--dimension batch needs a model", "for a chain, use --dimension length"});
}

TEST(Usage, AFileThatIsNoModelIsCalledSo) {
  const ScratchDirectory scratch;
  const std::string text = scratch.Write("my.txt", SomeText(1000));
  ExpectRefused({"sample", "--model", text}, 1, {text, "is not a model"});
  ExpectRefused({"eval", "--model", text, "--data", text}, 1, {text, "is not a model"});
}

}  // namespace
}  // namespace recurve
