// SPDX-License-Identifier: Apache-2.0
#include "planner_service/process/service_manager.h"

#include <gtest/gtest.h>

#include "tests/planner_service/process/notify_socket.h"

namespace recurve {
namespace {

std::string NameOf(const char* kind) { return kind + std::to_string(getpid()); }

TEST(ServiceManager, TellsASocketWithAPathAndAnAbstractOne) {
  for (const std::string& name : {testing::TempDir() + NameOf("notify"), NameOf("@recurve-notify")}) {
    const NotifySocket socket(name);
    const ServiceManager manager;
    EXPECT_TRUE(manager);
    EXPECT_FALSE(manager.watchdog());
    manager.Tell("READY=1\nSTATUS=here");
    EXPECT_EQ(socket.Next(), "READY=1\nSTATUS=here") << name;
    EXPECT_EQ(socket.Next(), "");
  }
}

TEST(ServiceManager, WithoutOneNothingIsTold) {
  const ServiceManager manager;
  EXPECT_FALSE(manager);
  manager.Tell("READY=1");
}

TEST(ServiceManager, AManagerThatHasGoneIsNoFailure) {
  std::string name = testing::TempDir() + NameOf("gone");
  setenv("NOTIFY_SOCKET", name.c_str(), 1);
  ServiceManager().Tell("READY=1");
  name.resize(200, 'x');  // longer than an address
  setenv("NOTIFY_SOCKET", name.c_str(), 1);
  ServiceManager().Tell("READY=1");
  unsetenv("NOTIFY_SOCKET");
}

TEST(ServiceManager, TheWatchdogMayBeMeantForAnotherProcess) {
  const NotifySocket socket(NameOf("@recurve-watchdog"));
  setenv("WATCHDOG_USEC", "2000000", 1);
  EXPECT_EQ(ServiceManager().watchdog(), std::chrono::seconds(2));
  setenv("WATCHDOG_PID", std::to_string(getpid()).c_str(), 1);
  EXPECT_EQ(ServiceManager().watchdog(), std::chrono::seconds(2));
  setenv("WATCHDOG_PID", "1", 1);
  EXPECT_FALSE(ServiceManager().watchdog());
  unsetenv("WATCHDOG_PID");
  setenv("WATCHDOG_USEC", "soon", 1);
  EXPECT_FALSE(ServiceManager().watchdog());
}

}  // namespace
}  // namespace recurve
