// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>

#include "tests/client/cli/run_recurve.h"

namespace recurve {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using Json = nlohmann::json;

class TrainCommand : public ::testing::Test {
 protected:
  // The objects of a run that must succeed.
  std::vector<Json> Train(const std::vector<std::string>& more) const {
    const Outcome outcome = RunRecurve(Plus(Plus(TinyTraining(text_), {"--json"}), more));
    EXPECT_EQ(outcome.exit, 0) << outcome.err;
    EXPECT_EQ(outcome.err, "");
    std::vector<Json> objects = JsonLines(outcome.out);
    if (objects.empty()) objects.emplace_back(Json::object());
    return objects;
  }

  const ScratchDirectory scratch_;
  const std::string text_ = scratch_.Write("text", SomeText(2000));
};

TEST_F(TrainCommand, PrintsAnObjectForEachStepAndOneAtTheEnd) {
  const std::string model = scratch_.File("model.safetensors");
  const std::vector<Json> objects = Train({"--memory", "50%", "--save", model});
  ASSERT_EQ(objects.size(), 4u);
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(objects[i]["type"], "step");
    EXPECT_EQ(objects[i]["step"], i + 1);
    EXPECT_EQ(objects[i]["metric"]["name"], "bits_per_byte");
    EXPECT_EQ(objects[i]["metric"]["unit"], "bits per byte");
    EXPECT_NEAR(objects[i]["metric"]["value"].get<double>(), objects[i]["loss"].get<double>() / std::log(2), 1e-9);
    EXPECT_FALSE(objects[i].contains("evaluation")) << "that is the held-out part's";
  }
  const Json& result = objects[3];
  EXPECT_EQ(result["type"], "result");
  EXPECT_EQ(result["planned_peak_bytes"], result["measured_peak_bytes"]);
  EXPECT_EQ(result["loss"], objects[2]["loss"]);
  EXPECT_EQ(result["links"], 10);
  EXPECT_GE(result["forward_count_per_batch"], 10);
  EXPECT_EQ(objects[0]["plain_forwards"].get<int>() + objects[0]["taped_forwards"].get<int>(),
            result["forward_count_per_batch"]);
  EXPECT_GT(result["seconds_per_batch"], 0);
  EXPECT_GT(result["predicted_seconds_per_batch"], 0);
  EXPECT_EQ(result["weights_sha256"].get<std::string>().size(), 64u);
  EXPECT_EQ(result["metric"], objects[2]["metric"]);
  EXPECT_EQ(result["evaluation"]["name"], "bits_per_byte");
  EXPECT_EQ(result["evaluation"]["unit"], "bits per byte");
  EXPECT_GT(result["evaluation"]["value"], 0);
  EXPECT_EQ(result["data"]["train"], 1900);
  EXPECT_EQ(result["data"]["held_out"], 100);
  EXPECT_FALSE(result["data"].contains("sequences"));
  int64_t sum = 0;
  for (const auto& [kind, bytes] : result["ledger"].items()) sum += bytes.get<int64_t>();
  EXPECT_EQ(sum, result["planned_peak_bytes"]);
  EXPECT_LE(result["activation_bytes"].get<double>(), 0.5 * result["store_all_activation_bytes"].get<double>());
  EXPECT_FALSE(ReadFile(model).empty());
}

TEST_F(TrainCommand, LearnsTheLinesOfAText) {
  std::string verses = "\n" + std::string(90, 'z') + "\n";
  for (int i = 0; i < 50; ++i) verses += std::string(static_cast<size_t>(1 + i % 40), 'a') + "\n";
  const std::vector<std::string> lines = {"--data",      scratch_.Write("verses", verses),
                                          "--sequences", "lines",
                                          "--length",    "60",
                                          "--memory",    "60%",
                                          "--steps",     "30"};
  const std::string model = scratch_.File("lines.safetensors");
  const Json result = Train(Plus(lines, {"--save", model, "--holdout", "10%"})).back();
  EXPECT_EQ(result["data"]["sequences"]["count"].get<int>() + result["data"]["sequences"]["held_out"].get<int>(), 51);
  EXPECT_EQ(result["data"]["sequences"]["empty"], 1);
  EXPECT_EQ(result["data"]["sequences"]["cut"], 1);
  EXPECT_EQ(result["data"]["sequences"]["shortest"], 2);
  EXPECT_EQ(result["data"]["sequences"]["longest"], 60);
  EXPECT_EQ(result["links"], 30);
  EXPECT_EQ(result["measured_peak_bytes"], result["planned_peak_bytes"]);
  EXPECT_GT(result["predictions_per_second"], 0);
  EXPECT_GE(result["padding_share"], 0);

  // eval says the same of the same lines as training did: the last tenth of the bytes is the last lines here.
  std::string held_out = verses;
  for (int i = result["data"]["sequences"]["count"].get<int>() + 1; i > 0; --i)
    held_out.erase(0, held_out.find('\n') + 1);
  const Outcome eval = RunRecurve({"eval", "--model", model, "--data", scratch_.Write("held", held_out), "--sequences",
                                   "lines", "--threads", "1", "--json"});
  ASSERT_EQ(eval.exit, 0) << eval.err;
  EXPECT_NEAR(Json::parse(eval.out)["metric"]["value"].get<double>(), result["evaluation"]["value"].get<double>(),
              1e-9);

  const Outcome text = RunRecurve(Plus(TinyTraining(text_), lines));
  EXPECT_THAT(text.out, AllOf(HasSubstr("truncated: 1"), HasSubstr("empty, ignored: 1"),
                              HasSubstr("predictions per second"), HasSubstr("of the work is padding")));
}

TEST_F(TrainCommand, EveryStrategyAndBudgetGivesTheSameWeights) {
  std::set<std::string> digests;
  for (const auto& options : std::vector<std::vector<std::string>>{{"--strategy", "store-all"},
                                                                   {"--strategy", "chen"},
                                                                   {"--strategy", "hsm", "--memory", "60%"},
                                                                   {"--strategy", "auto", "--memory", "50%"},
                                                                   {"--strategy", "auto", "--memory", "100%"},
                                                                   {"--strategy", "auto", "--memory", "1MiB"},
                                                                   {"--memory", "50%", "--threads", "2"}}) {
    digests.insert(Train(Plus(options, {"--dropout", "0.2", "--layers", "2"})).back()["weights_sha256"]);
  }
  EXPECT_EQ(digests.size(), 1u);
  EXPECT_FALSE(digests.contains(Train({"--dropout", "0.2", "--layers", "2", "--seed", "2"}).back()["weights_sha256"]));
}

TEST_F(TrainCommand, DryRunPrintsThePlanAndTrainsNothing) {
  const std::string model = scratch_.File("model");
  const std::vector<Json> objects = Train({"--dry-run", "--memory", "50%", "--save", model});
  ASSERT_EQ(objects.size(), 1u);
  EXPECT_EQ(objects[0]["type"], "plan");
  EXPECT_FALSE(objects[0].contains("loss"));
  EXPECT_TRUE(objects[0]["ledger"].contains("tapes_bytes"));
  const Json result = Train({"--memory", "50%"}).back();
  for (const char* key : {"planned_peak_bytes", "forward_count_per_batch", "ledger", "store_all_bytes"}) {
    EXPECT_EQ(objects[0][key], result[key]) << key;
  }
  const Outcome human = RunRecurve(Plus(TinyTraining(text_), {"--dry-run", "--memory", "50%", "--save", model}));
  EXPECT_EQ(human.exit, 0);
  for (const char* part : {"planned peak", "store-all would need", "link forwards per batch", "weights", "workspace"}) {
    EXPECT_THAT(human.out, HasSubstr(part));
  }
  EXPECT_EQ(scratch_.Count(), 1);  // the text
}

TEST_F(TrainCommand, TellsAPersonHowItGoes) {
  const std::string model = scratch_.File("model");
  const Outcome outcome = RunRecurve(Plus(TinyTraining(text_), {"--memory", "50%", "--sample", "25", "--compare", "2",
                                                                "--compare-time", "1h", "--save", model}));
  EXPECT_EQ(outcome.exit, 0) << outcome.err;
  EXPECT_EQ(outcome.err, "comparing strategies: 1 of 2 rounds\n");
  for (const char* part : {"step 1/3", "step 3/3", "bits per byte)", "steps/s", "trained", "held out", "measured peak",
                           model.c_str(), "sha256", "sample of 25 bytes", "store-all", "chen", "auto", "1.00x"}) {
    EXPECT_THAT(outcome.out, HasSubstr(part));
  }
  EXPECT_THAT(outcome.out, Not(HasSubstr("\033[K")));  // no bar where there is no terminal
}

TEST_F(TrainCommand, ComparesStrategiesAndSamplesWithoutSaving) {
  const Json result = Train({"--memory", "50%", "--sample", "25", "--compare", "1"}).back();
  EXPECT_TRUE(result["sample"].is_string());
  EXPECT_FALSE(result.contains("save_path"));
  const Json& comparison = result["comparison"];
  ASSERT_EQ(comparison.size(), 3u);
  EXPECT_EQ(comparison[0]["strategy"], "store-all");
  EXPECT_EQ(comparison[0]["forward_count_per_batch"], 10);
  EXPECT_EQ(comparison[0]["time_against_store_all"], 1.0);
  EXPECT_EQ(comparison[0]["measured_activation_bytes"], result["store_all_activation_bytes"]);
  EXPECT_EQ(comparison[1]["strategy"], "chen");
  EXPECT_EQ(comparison[2]["strategy"], "auto");
  EXPECT_EQ(comparison[2]["measured_activation_bytes"], result["activation_bytes"]);
  for (const Json& row : comparison) EXPECT_EQ(row["planned_activation_bytes"], row["measured_activation_bytes"]);
  EXPECT_EQ(Train({"--strategy", "chen", "--compare", "1"}).back()["comparison"].size(), 2u);
}

TEST_F(TrainCommand, LengthsAtTheEdges) {
  for (const auto& options :
       std::vector<std::vector<std::string>>{{"--length", "1", "--link", "1"},
                                             {"--length", "1", "--link", "5"},
                                             {"--length", "3", "--link", "100"},
                                             {"--length", "21", "--link", "4"},
                                             {"--length", "20", "--link", "0", "--memory", "50%"},
                                             {"--holdout", "0", "--reset-state", "--optimizer", "sgd"},
                                             {"--batch", "1", "--length", "1899", "--link", "50", "--memory", "20%"}}) {
    const Json result = Train(options).back();
    EXPECT_EQ(result["planned_peak_bytes"], result["measured_peak_bytes"]) << result;
  }
}

TEST_F(TrainCommand, BinaryTextIsText) {
  std::string bytes;
  for (int i = 0; i < 2000; ++i) bytes.push_back(static_cast<char>(i * 7));
  EXPECT_EQ(Train({"--data", scratch_.Write("binary", bytes)}).back()["steps"], 3);
}

TEST_F(TrainCommand, RefusesDataThatWillNotDo) {
  const auto with = [&](const std::string& path) { return Plus(TinyTraining(text_), {"--data", path}); };
  ExpectRefused(with(scratch_.File("missing")), 1, {"missing", "No such file"});
  ExpectRefused(with(scratch_.path()), 1, {"directory"});
  ExpectRefused(with(scratch_.Write("empty", "")), 1, {"0 bytes"});
  ExpectRefused(with(scratch_.Write("one", "x")), 1, {"1 byte"});
  ExpectRefused(with(scratch_.Write("short", "abcde")), 1, {"41", "bytes of text"});
  ExpectRefused(with("/dev/zero"), 1, {"not a regular file"});
  ExpectRefused(with(""), 2, {"--data"});
}

TEST_F(TrainCommand, TooLittleMemorySaysWhatWouldDo) {
  const auto with = [&](const std::string& memory) {
    return Plus(TinyTraining(text_), {"--holdout", "0", "--memory", memory});
  };
  ExpectRefused(with("1B"), 3, {"memory is 1B, too little", "give at least"});
  const std::string line = RunRecurve(with("1KiB")).err;
  const std::string phrase = "give at least ";  // "give at least 1.23KiB (1259 bytes)"
  ASSERT_THAT(line, HasSubstr(phrase));
  const std::string rounded = line.substr(line.find(phrase) + phrase.size());
  EXPECT_EQ(RunRecurve(with(rounded.substr(0, rounded.find(' ')))).exit, 0);
  const int64_t least = std::stoll(rounded.substr(rounded.find('(') + 1));
  EXPECT_EQ(RunRecurve(with(std::to_string(least))).exit, 0);
  ExpectRefused(with(std::to_string(least - 1)), 3, {std::to_string(least)});
  ExpectRefused(with("0.01%"), 3, {"memory share is 0.01%", "of activations, too little", "%, or a larger length"});
}

TEST_F(TrainCommand, EndsWhenItsTimeIsOver) {
  const std::vector<std::string> endless = {"--steps", "1000000000", "--max-time", "300ms"};
  const Json result = Train(endless).back();
  EXPECT_EQ(result["ended_by_time"], true);
  EXPECT_GE(result["steps"], 1);
  EXPECT_LT(result["steps"], 1000000000);
  EXPECT_THAT(RunRecurve(Plus(TinyTraining(text_), endless)).out, HasSubstr(" of 1,000,000,000, ended by --max-time"));
  EXPECT_EQ(Train({"--max-time", "1h"}).back()["ended_by_time"], false);
  ExpectRefused(Plus(TinyTraining(text_), {"--max-time", "5"}), 2, {"--max-time", "such as 500ms or 10s"});
}

TEST_F(TrainCommand, DrawsABarThatIsWideEnoughToSee) {
  const Outcome outcome = RunInTerminal(TinyTraining(text_));
  EXPECT_EQ(outcome.exit, 0) << outcome.out;
  const std::string& out = outcome.out;
  const size_t bar = out.find('[');
  ASSERT_NE(bar, std::string::npos) << out;
  EXPECT_GE(out.find(']', bar) - bar, 16u) << out;
  EXPECT_THAT(out.substr(bar, 79), AllOf(HasSubstr(" loss "), HasSubstr("ETA ")));
}

// Not the exit status of too little memory. (No machine has a thousandth GPU.)
TEST_F(TrainCommand, SaysWhenThereIsNoSuchDevice) {
  ExpectRefused({"train", "--data", text_, "--device", "cuda:999"}, 1, {"recurve: "});
  ExpectRefused(Plus(TinyTraining(text_), {"--device", "tpu"}), 2, {"device is \"tpu\""});
}

TEST_F(TrainCommand, StoresStatesOnTheHost) {
  const std::vector<std::string> little = {"--memory", "50%", "--link", "1"};
  const Json without = Train(little).back();
  const std::vector<Json> objects = Train(Plus(little, {"--host-memory", "1MiB"}));
  const Json& with = objects.back();
  EXPECT_EQ(with["weights_sha256"], without["weights_sha256"]);
  EXPECT_LE(with["host_bytes"], 1 << 20);
  EXPECT_EQ(with["planned_host_peak_bytes"], with["host_bytes"]);
  EXPECT_EQ(with["measured_host_peak_bytes"], with["host_bytes"]);
  EXPECT_EQ(objects.front()["measured_host_peak_bytes"], with["host_bytes"]);
  EXPECT_EQ(with["measured_peak_bytes"], with["planned_peak_bytes"]);
  EXPECT_GT(with["host_store_seconds"].get<double>(), 0);
  EXPECT_GT(with["host_fetch_seconds"].get<double>(), 0);
  EXPECT_EQ(without["host_bytes"], 0);

  const Outcome told = RunRecurve(Plus(TinyTraining(text_), Plus(little, {"--host-memory", "1MiB"})));
  EXPECT_THAT(told.out, HasSubstr("of the 1.00MiB allowed; per batch "));
  const Outcome refused = RunRecurve(Plus(TinyTraining(text_), Plus(little, {"--host-memory", "1"})));
  EXPECT_EQ(refused.exit, 3);
  EXPECT_THAT(refused.err, HasSubstr("host_memory is 1B, too little for one state"));
}

TEST_F(TrainCommand, RefusesOptionsThatMakeNoSense) {
  const std::vector<std::string> tiny = TinyTraining(text_);
  for (const char* memory :
       {"0", "-1", "0%", "101%", "-5%", "%", "junk", "64XiB", "99999999999999999999", "nan%", ""}) {
    ExpectRefused(Plus(tiny, {"--memory", memory}), 2, {"--memory"});
  }
  const std::vector<std::pair<std::string, std::vector<std::string>>> wrong = {
      {"layers", {"0", "65", "-1", "x"}},
      {"hidden", {"0", "16385", "8.0"}},
      {"embedding", {"-1", "16385"}},
      {"dropout", {"1", "-0.1", "nan", "x"}},
      {"batch", {"0", "65537"}},
      {"length", {"0", "-5", "10000001"}},
      {"link", {"-1"}},
      {"steps", {"0", "-1", "1000000001"}},
      {"seed", {"-1", "18446744073709551616"}},
      {"threads", {"-1", "1025", "two"}},
      {"optimizer", {"adam", ""}},
      {"learning-rate-schedule", {"linear"}},
      {"strategy", {"msm", "ism", "fast"}},
      {"sample", {"-1"}},
      {"compare", {"-1", "1001"}},
  };
  for (const auto& [name, values] : wrong) {
    for (const std::string& value : values) ExpectRefused(Plus(tiny, {"--" + name, value}), 2, {value});
  }
  for (const char* rate : {"0", "-1", "1001", "inf"}) {
    ExpectRefused(Plus(tiny, {"--learning-rate", rate}), 2, {rate});
  }
  ExpectRefused(Plus(tiny, {"--holdout", "0.6"}), 2, {"\"0.6\" is out of range", "at most 50%"});
  ExpectRefused(Plus(tiny, {"--holdout", "-0.1"}), 2, {"\"-0.1\""});
  ExpectRefused(Plus(tiny, {"--save", scratch_.File("model"), "--checkpoint-every", "-1"}), 2, {"-1"});
  ExpectRefused({"train"}, 2, {"--data"});
  ExpectRefused(Plus(tiny, {"stray"}), 2, {"stray", "recurve train --help"});
}

std::vector<std::string> Rows(const std::string& path) {
  std::vector<std::string> rows;
  std::istringstream in(ReadFile(path));
  for (std::string row; std::getline(in, row);) rows.push_back(row);
  return rows;
}

TEST_F(TrainCommand, RecordsTheLossesOfTrainingAndHeldOutText) {
  const std::string csv = scratch_.Write("loss.csv", "step,train_loss,of the run before");
  const std::string svg = scratch_.File("loss.svg");
  const std::vector<Json> objects =
      Train({"--steps", "5", "--evaluate-every", "2", "--loss-csv", csv, "--loss-svg", svg});
  ASSERT_EQ(objects.size(), 8u);
  EXPECT_EQ(objects[2]["type"], "evaluation");
  EXPECT_EQ(objects[2]["step"], 2);
  const std::vector<std::string> rows = Rows(csv);
  ASSERT_EQ(rows.size(), 6u);
  EXPECT_EQ(rows[0], "step,train_loss,train_metric,metric,learning_rate,gradient_norm,seconds");
  for (size_t step = 1; step <= 5; ++step) {
    std::vector<std::string> cells;
    std::istringstream in(rows[step]);
    for (std::string cell; std::getline(in, cell, ',');) cells.push_back(cell);
    ASSERT_EQ(cells.size(), 7u);
    const Json& object = objects[step - 1 + (step - 1) / 2];
    EXPECT_EQ(cells[0], std::to_string(step));
    EXPECT_NEAR(std::stod(cells[1]), object["loss"].get<double>(), 1e-6);
    EXPECT_NEAR(std::stod(cells[2]), object["metric"]["value"].get<double>(), 1e-6);
    EXPECT_NEAR(std::stod(cells[4]), object["learning_rate"].get<double>(), 1e-6);
    EXPECT_EQ(cells[3].empty(), step == 1 || step == 3) << rows[step];
    if (step % 2 == 0) {
      EXPECT_NEAR(std::stod(cells[3]), objects[step + step / 2 - 1]["metric"]["value"].get<double>(), 1e-6);
    }
  }
  EXPECT_THAT(ReadFile(svg), HasSubstr("bits per byte on held-out text after step 5"));

  const Outcome human = RunRecurve(Plus(TinyTraining(text_), {"--evaluate-every", "2"}));
  EXPECT_THAT(human.out, AllOf(HasSubstr("step 2/3  held out "), HasSubstr(" during evaluation, every 2 steps")));
}

// Of a training that ends early, too.
TEST_F(TrainCommand, KeepsTheLossesOfATrainingThatFails) {
  const std::string csv = scratch_.File("loss.csv");
  const std::string svg = scratch_.File("loss.svg");
  const Outcome outcome = RunRecurve(Plus(
      TinyTraining(text_), {"--optimizer", "sgd", "--learning-rate", "1000", "--weight-decay", "1000", "--clip-norm",
                            "0", "--warmup", "0", "--steps", "1000", "--loss-csv", csv, "--loss-svg", svg}));
  EXPECT_EQ(outcome.exit, 1);
  EXPECT_GE(Rows(csv).size(), 2u);
  EXPECT_THAT(ReadFile(svg), HasSubstr("bits per byte in training after step"));
  ExpectRefused(Plus(TinyTraining(text_), {"--loss-csv", text_}), 2, {"--loss-csv", "--data"});
  ExpectRefused(Plus(TinyTraining(text_), {"--loss-csv", csv, "--loss-svg", csv}), 2, {"--loss-csv", "--loss-svg"});
  EXPECT_EQ(RunRecurve(Plus(TinyTraining(text_), {"--loss-csv", scratch_.File("no/such")})).exit, 1);
  const std::string notes = scratch_.Write("notes", "my diary");
  EXPECT_THAT(RunRecurve(Plus(TinyTraining(text_), {"--loss-csv", notes})).err, HasSubstr("not a loss table"));
  EXPECT_EQ(ReadFile(notes), "my diary");
}

TEST_F(TrainCommand, ADryRunSaysWhatItLeavesOut) {
  const std::string csv = scratch_.File("loss.csv");
  const std::vector<std::string> dry = Plus(TinyTraining(text_), {"--dry-run", "--compare", "2", "--loss-csv", csv});
  const Outcome outcome = RunRecurve(dry);
  EXPECT_EQ(outcome.exit, 0);
  EXPECT_EQ(outcome.err, "recurve: note: --dry-run trains nothing; ignored: --compare, --loss-csv\n");
  EXPECT_FALSE(std::filesystem::exists(csv));
  const std::vector<Json> objects = JsonLines(RunRecurve(Plus(dry, {"--json"})).out);
  ASSERT_EQ(objects.size(), 2u);
  EXPECT_EQ(objects.front()["type"], "note");
  EXPECT_EQ(objects.back()["type"], "plan");
}

TEST_F(TrainCommand, LearnsFromAFileOnly) {
  for (const char* command : {"train", "profile", "submit"}) {
    ExpectRefused({command}, 2, {"--data is required"});
    ExpectRefused({command, "--data", "-"}, 2, {"--data - is standard input", "write it to a file first"});
  }
}

TEST_F(TrainCommand, FindsAnUnwritablePathBeforeItTrains) {
  const auto with = [&](const std::string& path) {
    return Plus(TinyTraining(text_), {"--steps", "1000000000", "--save", path});
  };
  ExpectRefused(with(scratch_.File("no/such/model")), 1, {"no/such/model"});
  ExpectRefused(with(scratch_.path()), 2, {"directory"});
  ExpectRefused(with("/dev/null"), 2, {"/dev/null"});
  ExpectRefused(with("/proc/model"), 1, {"/proc/model"});
}

// Costs that are known from a job before are wrong by far.
TEST_F(TrainCommand, SaysWhenItsPredictionFails) {
  setenv("RECURVE_CACHE", scratch_.path().c_str(), 1);
  const std::string cache = scratch_.File("link-costs");
  const std::vector<std::string> longer = Plus(TinyTraining(text_), {"--steps", "15"});
  const auto make_costs_absurd = [&] {
    ASSERT_EQ(RunRecurve(TinyTraining(text_)).exit, 0);
    const std::string absurd = std::regex_replace(ReadFile(cache), std::regex("\t(\\d+) [^\t\n]*"), "\t$1 5 5 5 5");
    ASSERT_THAT(absurd, HasSubstr("2 5 5 5 5"));
    std::ofstream(cache) << absurd;
  };
  make_costs_absurd();
  const Outcome text = RunRecurve(longer);
  EXPECT_EQ(text.exit, 0);
  EXPECT_THAT(text.err, AllOf(StartsWith("recurve: note: up to step 11, batches take 0.0"),
                              HasSubstr("the next job will measure them again")));
  EXPECT_EQ(text.err.find('\n'), text.err.size() - 1) << "once";
  EXPECT_THAT(ReadFile(cache), Not(HasSubstr("5 5 5 5"))) << "they are forgotten";

  make_costs_absurd();
  int notes = 0;
  for (const Json& object : JsonLines(RunRecurve(Plus(longer, {"--json"})).out)) {
    if (object["type"] != "note") continue;
    ++notes;
    EXPECT_THAT(object["note"].get<std::string>(), HasSubstr("as long as predicted"));
  }
  EXPECT_EQ(notes, 1);
  unsetenv("RECURVE_CACHE");
}

TEST_F(TrainCommand, StopsWhenTheLossIsNoNumber) {
  const Outcome outcome =
      RunRecurve(Plus(TinyTraining(text_), {"--json", "--optimizer", "sgd", "--learning-rate", "1000", "--weight-decay",
                                            "1000", "--clip-norm", "0", "--warmup", "0", "--steps", "1000"}));
  EXPECT_EQ(outcome.exit, 1);
  EXPECT_THAT(outcome.err, HasSubstr("step"));
  EXPECT_EQ(outcome.err.find('\n'), outcome.err.size() - 1) << outcome.err;
  EXPECT_LT(JsonLines(outcome.out).size(), 1000u);
}

void WaitForStep(const RecurveProcess& process, int step) {
  while (process.OutSoFar().find("\"step\":" + std::to_string(step) + ",") == std::string::npos) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

TEST_F(TrainCommand, ATextThatBecomesShorterEndsIt) {
  RecurveProcess process(Plus(TinyTraining(text_), {"--json", "--steps", "1000000000"}));
  WaitForStep(process, 3);
  std::filesystem::resize_file(text_, 10);
  const Outcome outcome = process.Wait();
  EXPECT_EQ(outcome.exit, 1);
  EXPECT_THAT(outcome.err, HasSubstr("was truncated while it was read"));
}

TEST_F(TrainCommand, ATextThatIsOverwrittenIsNoted) {
  RecurveProcess process(Plus(TinyTraining(text_), {"--json", "--steps", "1000000000"}));
  WaitForStep(process, 3);
  std::ofstream(text_, std::ios::app) << "more";
  while (process.OutSoFar().find("was modified while it was read") == std::string::npos) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  process.Signal(SIGINT);
  process.Wait();
}

TEST_F(TrainCommand, SaysThatNothingIsHeldOut) {
  const Outcome outcome = RunRecurve(Plus(TinyTraining(text_), {"--holdout", "0.0001", "--dry-run"}));
  EXPECT_EQ(outcome.exit, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("note       nothing is evaluated: holdout is 0.0001"));
  EXPECT_THAT(RunRecurve(Plus(TinyTraining(text_), {"--holdout", "0", "--dry-run"})).out,
              Not(HasSubstr("nothing is evaluated")));
  const std::string line = scratch_.Write("line", std::string(300, 'x'));
  EXPECT_THAT(RunRecurve(Plus(TinyTraining(line), {"--sequences", "lines", "--dry-run"})).out,
              HasSubstr("bytes have no sequence"));
}

TEST_F(TrainCommand, LinesEndInNewlines) {
  const std::string text = scratch_.Write("mac", "one\rtwo\rthree\r");
  ExpectRefused(Plus(TinyTraining(text), {"--sequences", "lines"}), 1, {"carriage returns, so it is a single"});
}

}  // namespace
}  // namespace recurve
