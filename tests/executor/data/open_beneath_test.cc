// SPDX-License-Identifier: Apache-2.0
#include "executor/data/open_beneath.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <cerrno>
#include <filesystem>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "tests/executor/data/scratch_directory.h"
#include "tests/executor/data/swapper.h"

namespace recurve {
namespace {

namespace fs = std::filesystem;

using Opener = FileDescriptor (*)(int root, const std::string& path, int flags);

bool KernelHasIt() { return OpenBeneathByKernel(AT_FDCWD, ".", O_PATH).ok() || (errno != ENOSYS && errno != EPERM); }

struct Way {
  const char* name;
  Opener open;
};
std::vector<Way> Ways() {
  std::vector<Way> ways = {{"walk", OpenBeneathByWalking}, {"either", OpenBeneath}};
  if (KernelHasIt()) ways.push_back({"kernel", OpenBeneathByKernel});
  return ways;
}

// "file 12" for the file that was opened, or the errno.
std::string Outcome(const FileDescriptor& file) {
  if (!file.ok()) return std::string("errno ") + strerrorname_np(errno);
  struct stat info {};
  EXPECT_EQ(fstat(file.get(), &info), 0);
  return "file " + std::to_string(info.st_ino);
}

class OpenBeneathTest : public testing::Test {
 protected:
  OpenBeneathTest() {
    for (const char* folder : {"root/deep/deeper", "outside/folder"}) fs::create_directories(scratch_.File(folder));
    for (const char* file : {"root/file", "root/deep/file", "root/deep/deeper/file", "outside/secret"}) {
      scratch_.Write(file, file);
    }
    root_ = FileDescriptor(open(scratch_.File("root").c_str(), O_PATH | O_DIRECTORY));
  }
  void Link(const char* target, const char* name) { fs::create_symlink(target, scratch_.File(name)); }
  std::string Of(const char* name) {
    return Outcome(FileDescriptor(open(scratch_.File(name).c_str(), O_PATH | O_CLOEXEC)));
  }

  const ScratchDirectory scratch_;
  FileDescriptor root_;
};

TEST_F(OpenBeneathTest, FindsWhatIsInside) {
  Link("deep/deeper", "root/down");
  Link("../file", "root/deep/up");
  Link("down/../up", "root/crooked");
  Link("deeper/", "root/deep/slash");
  for (const Way& way : Ways()) {
    SCOPED_TRACE(way.name);
    const auto find = [&](const char* path) { return Outcome(way.open(root_.get(), path, O_RDONLY | O_NONBLOCK)); };
    for (const char* path : {"file", "./file", "deep/../file", "deep//deeper/../../file", "deep/up", "crooked",
                             "down/../../file", "deep/deeper/.././up"}) {
      EXPECT_EQ(find(path), Of("root/file")) << path;
    }
    EXPECT_EQ(find("down/file"), Of("root/deep/deeper/file"));
    EXPECT_EQ(find("deep/slash/file"), Of("root/deep/deeper/file"));
    for (const char* path : {".", "./", "deep/..", "down/../.."}) EXPECT_EQ(find(path), Of("root")) << path;
    EXPECT_EQ(find("down/"), Of("root/deep/deeper"));
  }
}

TEST_F(OpenBeneathTest, WhatIsOutsideIsNotLookedAt) {
  const std::string secret = scratch_.File("outside/secret");
  Link(secret.c_str(), "root/absolute");
  Link(scratch_.File("root/file").c_str(), "root/absolute_inside");
  Link("/no/such", "root/absolute_nothing");
  Link("../outside", "root/folder");
  Link("../outside/secret", "root/secret");
  Link("../outside/nothing", "root/nothing");
  Link("../../outside/secret", "root/deep/secret");
  Link("folder", "root/again");
  for (const Way& way : Ways()) {
    for (const std::string& path :
         {std::string(".."), std::string("../outside/secret"), std::string("../nothing"), std::string("../root/file"),
          std::string("deep/../../outside/secret"), std::string("absolute"), std::string("absolute_inside"),
          std::string("absolute_nothing"), std::string("absolute/x"), std::string("folder"),
          std::string("folder/secret"), std::string("folder/nothing"), std::string("folder/../root/file"),
          std::string("secret"), std::string("nothing"), std::string("deep/secret"), std::string("again/secret"),
          secret, std::string("/")}) {
      EXPECT_EQ(Outcome(way.open(root_.get(), path, O_RDONLY | O_NONBLOCK)), "errno EXDEV") << way.name << ": " << path;
    }
  }
}

TEST_F(OpenBeneathTest, SaysWhatIsWrongInside) {
  Link("circle", "root/circle");
  Link("file", "root/link");
  Link("deep", "root/folder");
  const std::string long_name(256, 'x');
  const std::string long_path(4096, '/');
  for (const Way& way : Ways()) {
    const auto find = [&](const std::string& path, int flags = O_RDONLY) {
      return Outcome(way.open(root_.get(), path, flags | O_NONBLOCK));
    };
    SCOPED_TRACE(way.name);
    EXPECT_EQ(find(""), "errno ENOENT");
    EXPECT_EQ(find("nothing"), "errno ENOENT");
    EXPECT_EQ(find("nothing/../file"), "errno ENOENT");
    EXPECT_EQ(find("file/"), "errno ENOTDIR");
    EXPECT_EQ(find("file/../file"), "errno ENOTDIR");
    EXPECT_EQ(find("link/x"), "errno ENOTDIR");
    EXPECT_EQ(find("circle"), "errno ELOOP");
    EXPECT_EQ(find("circle/x"), "errno ELOOP");
    EXPECT_EQ(find("file", O_DIRECTORY), "errno ENOTDIR");
    EXPECT_EQ(find("link", O_NOFOLLOW), "errno ELOOP");
    EXPECT_EQ(find("folder/file", O_NOFOLLOW), Of("root/deep/file"));
    EXPECT_EQ(find(long_name), "errno ENAMETOOLONG");
    EXPECT_EQ(find("." + long_path), "errno ENAMETOOLONG");
  }
}

// The limit is the kernel's: 40 links.
TEST_F(OpenBeneathTest, FollowsSoManyLinks) {
  Link("file", "root/link1");
  for (int i = 2; i <= 41; ++i) {
    Link(("link" + std::to_string(i - 1)).c_str(), ("root/link" + std::to_string(i)).c_str());
  }
  for (const Way& way : Ways()) {
    EXPECT_EQ(Outcome(way.open(root_.get(), "link40", O_RDONLY)), Of("root/file")) << way.name;
    EXPECT_EQ(Outcome(way.open(root_.get(), "link41", O_RDONLY)), "errno ELOOP") << way.name;
  }
}

// A random tree of directories, files and links, and random paths in it.
class RandomTree {
 public:
  RandomTree(const std::string& root, unsigned seed) : random_(seed) {
    std::vector<std::string> folders = {root};
    for (int i = 0; i < 24; ++i) {
      const std::string place = folders[random_() % folders.size()] + "/" + Name();
      if (fs::exists(fs::symlink_status(place))) continue;
      switch (random_() % 4) {
        case 0:
          std::ofstream(place) << "x";
          break;
        case 1:
          fs::create_directory(place);
          folders.push_back(place);
          break;
        default:
          fs::create_symlink(Path(), place);
      }
    }
  }
  std::string Path() {
    std::string path = random_() % 12 == 0 ? "/" : "";
    const size_t names = 1 + random_() % 5;
    for (size_t i = 0; i < names; ++i) {
      const unsigned kind = random_() % 8;
      path += (i > 0 ? "/" : "") + (kind == 0 ? "." : kind <= 2 ? ".." : Name());
    }
    return random_() % 6 == 0 ? path + "/" : path;
  }

 private:
  std::string Name() { return std::string(1, static_cast<char>('a' + random_() % 6)); }
  std::mt19937 random_;
};

TEST(OpenBeneath, WalksAsTheKernelDoes) {
  if (!KernelHasIt()) GTEST_SKIP() << "this kernel has no openat2";
  int found = 0;
  int left = 0;
  for (unsigned seed = 0; seed < 80; ++seed) {
    const ScratchDirectory scratch;
    fs::create_directory(scratch.File("root"));
    RandomTree tree(scratch.File("root"), seed);
    const FileDescriptor root(open(scratch.File("root").c_str(), O_PATH | O_DIRECTORY));
    for (int i = 0; i < 200; ++i) {
      const std::string path = tree.Path();
      for (const int flags : {O_RDONLY, O_PATH, O_RDONLY | O_NOFOLLOW, O_PATH | O_NOFOLLOW, O_PATH | O_DIRECTORY}) {
        std::string expected = Outcome(OpenBeneathByKernel(root.get(), path, flags));
        // Other tests rename files meanwhile.
        while (expected == "errno EAGAIN") expected = Outcome(OpenBeneathByKernel(root.get(), path, flags));
        ASSERT_EQ(Outcome(OpenBeneathByWalking(root.get(), path, flags)), expected)
            << "seed " << seed << ", path " << path << ", flags " << flags;
        found += static_cast<int>(expected.starts_with("file"));
        left += static_cast<int>(expected == "errno EXDEV");
      }
    }
  }
  EXPECT_GT(found, 500);
  EXPECT_GT(left, 500);
}

// Answers openat2 with an errno, for this thread, as seccomp filters of container runtimes do.
void ForbidOpenat2(int error) {
  sock_filter program[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | static_cast<unsigned>(error)),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog filter{.len = std::size(program), .filter = program};
  ASSERT_EQ(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
  ASSERT_EQ(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter), 0);
}

TEST_F(OpenBeneathTest, WorksWhereOpenat2IsForbiddenOrUnknown) {
  Link("../outside/secret", "root/secret");
  for (const int error : {EPERM, ENOSYS}) {
    std::thread([&] {
      ForbidOpenat2(error);
      EXPECT_FALSE(OpenBeneathByKernel(root_.get(), "file", O_RDONLY).ok());
      EXPECT_EQ(errno, error);
      EXPECT_EQ(Outcome(OpenBeneath(root_.get(), "deep/../file", O_RDONLY)), Of("root/file"));
      EXPECT_EQ(Outcome(OpenBeneath(root_.get(), "secret", O_RDONLY)), "errno EXDEV");
    }).join();
  }
}

// Other threads rename without pause, so that each path now leads inside, now outside, and directories that are passed
// on the way down move out.
TEST_F(OpenBeneathTest, NoRaceLeadsOutside) {
  fs::create_directories(scratch_.File("root/a/b/c"));
  for (const char* file : {"root/a/secret", "root/a/b/secret", "root/secret"}) scratch_.Write(file, "inside");
  Link("../outside", "root/out");
  Link(scratch_.File("outside").c_str(), "root/absolute");
  fs::create_directory(scratch_.File("root/in"));
  scratch_.Write("root/in/secret", "inside");
  const std::string outside = Of("outside/secret");
  for (const Way& way : Ways()) {
    SCOPED_TRACE(way.name);
    const Swapper exchange(scratch_.File("root/in"), scratch_.File("root/out"));
    const Swapper absolute(scratch_.File("root/deep"), scratch_.File("root/absolute"));
    const Swapper moves(scratch_.File("root/a/b"), scratch_.File("outside/folder"));
    int inside = 0;
    int denied = 0;
    for (int i = 0; i < 10'000; ++i) {
      for (const char* path :
           {"in/secret", "out/secret", "deep/secret", "absolute/../in/secret", "a/b/../secret", "a/b/c/../../secret"}) {
        const FileDescriptor file = way.open(root_.get(), path, O_RDONLY | O_NONBLOCK);
        denied += static_cast<int>(!file.ok() && errno == EXDEV);
        if (!file.ok()) continue;
        ASSERT_NE(Outcome(file), outside) << path;
        ++inside;
      }
    }
    EXPECT_GT(inside, 0);
    EXPECT_GT(denied, 0);
  }
}

}  // namespace
}  // namespace recurve
