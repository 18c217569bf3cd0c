// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_TESTS_INTEGRATION_CHILD_PROCESS_H_
#define RECURVE_TESTS_INTEGRATION_CHILD_PROCESS_H_

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace recurve {

// A program that a test starts, with its standard error readable and its standard output in it. Killed when the object
// goes. Not thread-safe.
class ChildProcess {
 public:
  // `command`: the path of the program, then its arguments.
  explicit ChildProcess(const std::vector<std::string>& command);
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  // Reads until the output so far contains `text` or ends; whether it does.
  bool WaitForOutput(const std::string& text);
  // Nobody will read the output any more.
  void CloseOutput();
  // Makes the pipe of the output as short as it can be, so that it is soon full of what is not read.
  void ShortenPipe() const;
  void Signal(int number) const;
  // Most memory that the program has held in physical pages so far, in bytes. Linux only.
  int64_t PeakResidentBytes() const;
  pid_t pid() const { return pid_; }
  // Reads what is left and waits for the end. The exit status; 128 + n after signal n.
  int Wait();

  const std::string& output() const { return output_; }

 private:
  bool ReadMore();

  pid_t pid_ = -1;
  int pipe_ = -1;
  std::string output_;
};

// The number that `log` has right after `text`; 0 where it has not.
int NumberAfter(const std::string& log, const std::string& text);

}  // namespace recurve

#endif  // RECURVE_TESTS_INTEGRATION_CHILD_PROCESS_H_
