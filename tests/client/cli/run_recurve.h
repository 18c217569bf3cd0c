// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_TESTS_CLIENT_CLI_RUN_RECURVE_H_
#define RECURVE_TESTS_CLIENT_CLI_RUN_RECURVE_H_

#include <sys/types.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/executor/data/scratch_directory.h"

namespace recurve {

struct Outcome {
  int exit = -1;  // 128 + n after signal n
  std::string out;
  std::string err;
};

// The real program, started with these arguments and no terminal, and the file `input` as standard input.
class RecurveProcess {
 public:
  explicit RecurveProcess(const std::vector<std::string>& arguments, const std::string& input = "/dev/null");
  // A script for bash, in which "$0" is the program.
  static RecurveProcess OfShell(const std::string& script);
  ~RecurveProcess();  // kills it if it still runs

  std::string OutSoFar() const { return ReadFile(scratch_.File("out")); }
  void Signal(int number) const;
  Outcome Wait();

 private:
  RecurveProcess(const std::string& program, std::vector<std::string> words, const std::string& input);

  const ScratchDirectory scratch_;
  pid_t pid_ = -1;
};

inline Outcome RunRecurve(const std::vector<std::string>& arguments, const std::string& input = "/dev/null") {
  return RecurveProcess(arguments, input).Wait();
}

inline Outcome RunInShell(const std::string& script) { return RecurveProcess::OfShell(script).Wait(); }

// What a terminal is shown, standard output and error together.
Outcome RunInTerminal(const std::vector<std::string>& arguments);

// `words` for a script, each in quotes.
std::string Quoted(const std::vector<std::string>& words);

// The JSON objects of an output that must be nothing but JSON lines.
std::vector<nlohmann::json> JsonLines(const std::string& out);

// The one object of a run that must succeed.
nlohmann::json JsonOf(const std::vector<std::string>& arguments);

// Expects this exit status, nothing on stdout, and on stderr one line "recurve: ..." that contains each of `parts`.
void ExpectRefused(const std::vector<std::string>& arguments, int exit, const std::vector<std::string>& parts);

// `more` after `arguments`.
std::vector<std::string> Plus(std::vector<std::string> arguments, const std::vector<std::string>& more);

// English enough to learn from.
std::string SomeText(int bytes);

// Options of a training run that takes milliseconds.
std::vector<std::string> TinyTraining(const std::string& data_path);

}  // namespace recurve

#endif  // RECURVE_TESTS_CLIENT_CLI_RUN_RECURVE_H_
