// SPDX-License-Identifier: Apache-2.0
#include "executor/job/link_cost_cache.h"

#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "executor/backend/cpu/cpu_backend.h"
#include "executor/task/language_model/language_model_options.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/executor/backend/pretending_backend.h"
#include "tests/executor/data/scratch_directory.h"

namespace recurve {
namespace {

using testing::Optional;

std::string DescriptionOf(const ModelConfig& model) { return LanguageModelOptions({.model = model}).Describe(); }

LinkCostKey Key(int64_t batch = 4) {
  return {
      .model = DescriptionOf({.hidden = 24}), .batch = batch, .links = {1, 2, 4}, .device = "cpu (avx512, 2 threads)"};
}

// Three numbers that no short decimal is.
std::vector<MeasuredLink> Costs(double unit = 1) {
  return {{1, unit / 3, unit / 7, unit / 11, unit / 13}, {2, unit / 2, unit / 5, unit / 9, unit / 13}};
}

class LinkCostCacheTest : public testing::Test {
 protected:
  ScratchDirectory directory_;
  const std::string path_ = directory_.File("deep/link-costs");
};

TEST_F(LinkCostCacheTest, AnotherProcessFindsTheSameBits) {
  LinkCostCache first(path_);
  EXPECT_EQ(first.Find(Key()), std::nullopt);
  first.Put(Key(), Costs());
  EXPECT_THAT(first.Find(Key()), Optional(Costs()));
  LinkCostCache second(path_);
  EXPECT_THAT(second.Find(Key()), Optional(Costs()));
  second.Forget(Key());
  EXPECT_EQ(second.Find(Key()), std::nullopt);
  EXPECT_EQ(LinkCostCache(path_).Find(Key()), std::nullopt);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(directory_.File("deep")), {}), 1) << "leftovers";
}

TEST_F(LinkCostCacheTest, WithoutAPathNothingIsWritten) {
  LinkCostCache cache;
  cache.Put(Key(), Costs());
  EXPECT_THAT(cache.Find(Key()), Optional(Costs()));
  EXPECT_EQ(LinkCostCache().Find(Key()), std::nullopt);
}

TEST_F(LinkCostCacheTest, EveryFieldOfTheKeyMatters) {
  const auto with_model = [](ModelConfig model) {
    return [model](LinkCostKey& key) { key.model = DescriptionOf(model); };
  };
  const std::function<void(LinkCostKey&)> changes[] = {
      with_model({.vocabulary = 257, .hidden = 24}),
      with_model({.cell = Cell::kGru, .hidden = 24}),
      with_model({.layers = 2, .hidden = 24}),
      with_model({.hidden = 25}),
      with_model({.hidden = 24, .embedding = 1}),
      with_model({.hidden = 24, .residual = true}),
      with_model({.hidden = 24, .layer_norm = true}),
      with_model({.hidden = 24, .dropout = 0.125}),
      with_model({.hidden = 24, .recurrent_dropout = 0.125}),
      [](LinkCostKey& key) { ++key.batch; },
      [](LinkCostKey& key) { key.links.pop_back(); },
      [](LinkCostKey& key) { key.links.back() = 5; },
      [](LinkCostKey& key) { key.device = "cpu (avx512, 1 thread)"; },
      [](LinkCostKey& key) { key.device = "cpu (avx2, 2 threads)"; },
  };
  LinkCostCache cache(path_);
  cache.Put(Key(), Costs());
  for (size_t i = 0; i < std::size(changes); ++i) {
    LinkCostKey other = Key();
    changes[i](other);
    EXPECT_EQ(cache.Find(other), std::nullopt) << i;
    cache.Put(other, Costs(2));
    EXPECT_THAT(cache.Find(Key()), Optional(Costs())) << i;
    EXPECT_THAT(LinkCostCache(path_).Find(other), Optional(Costs(2))) << i;
    cache.Forget(other);
  }
}

TEST_F(LinkCostCacheTest, TheKeyOfAMeasurementNamesTheDeviceWithItsThreads) {
  const CalibrationOptions options = {.batch = 4, .links = {1, 2, 4}};
  const LinkCostKey one = KeyOf("a model", options, *MakeCpuBackend({.threads = 1}).value());
  const LinkCostKey two = KeyOf("a model", options, *MakeCpuBackend({.threads = 2}).value());
  EXPECT_EQ(one.links, options.links);
  EXPECT_EQ(one.batch, 4);
  EXPECT_EQ(one.model, "a model");
  EXPECT_NE(ToString(one), ToString(two));
}

// Whatever is in the file: no failure, nothing wrong believed, and the next Put makes a good file of it.
TEST_F(LinkCostCacheTest, ADamagedFileCountsAsMissing) {
  LinkCostCache(path_).Put(Key(), Costs());
  const std::string good = ReadFile(path_);
  const auto write = [&](const std::string& text) { std::ofstream(path_, std::ios::binary) << text; };
  for (size_t size = 0; size < good.size(); ++size) {
    write(good.substr(0, size));
    EXPECT_EQ(LinkCostCache(path_).Find(Key()), std::nullopt) << "the first " << size << " bytes of " << good;
  }
  for (size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = '\x80';
    write(bad);
    EXPECT_EQ(LinkCostCache(path_).Find(Key()), std::nullopt) << "byte " << i << " of " << good;
  }
  for (const char* number : {"nan", "inf", "-1", "0", "1e30"}) {
    write(good.substr(0, good.rfind(' ') + 1) + number + "\n");
    EXPECT_EQ(LinkCostCache(path_).Find(Key()), std::nullopt) << number;
  }
  for (const std::string& foreign : {std::string("{}"), std::string(8 << 20, 'x'), std::string(1000, '\0')}) {
    write(foreign);
    LinkCostCache cache(path_);
    EXPECT_EQ(cache.Find(Key()), std::nullopt);
    cache.Put(Key(), Costs());
    EXPECT_THAT(LinkCostCache(path_).Find(Key()), Optional(Costs()));
  }
}

TEST_F(LinkCostCacheTest, WhatIsNoFileIsLeftAlone) {
  std::filesystem::create_directories(path_);
  LinkCostCache directory(path_);
  directory.Put(Key(), Costs());
  EXPECT_THAT(directory.Find(Key()), Optional(Costs())) << "in memory";
  EXPECT_TRUE(std::filesystem::is_directory(path_));
  const std::string pipe = directory_.File("pipe");
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  LinkCostCache(pipe).Put(Key(), Costs());
  EXPECT_TRUE(std::filesystem::is_fifo(pipe));
}

TEST_F(LinkCostCacheTest, WhereNothingMayBeWrittenCostsAreKeptInMemory) {
  for (const char* path : {"/proc/recurve/link-costs", "/dev/null/link-costs"}) {
    LinkCostCache cache(path);
    cache.Put(Key(), Costs());
    EXPECT_THAT(cache.Find(Key()), Optional(Costs()));
    EXPECT_EQ(LinkCostCache(path).Find(Key()), std::nullopt);
  }
}

TEST_F(LinkCostCacheTest, IsBoundedInNumberAndAge) {
  absl::Time now = absl::FromUnixSeconds(1'800'000'000);
  const auto clock = [&] { return now; };
  LinkCostCache(path_, clock).Put(Key(1), Costs());
  // The same entry for many batches, each a second younger than the one before it.
  std::string text = ReadFile(path_);
  const std::string line = text.substr(text.find('\n') + 1);
  for (int64_t batch = 2; batch <= LinkCostCache::kMaxEntries; ++batch) {
    absl::StrAppend(&text, absl::StrReplaceAll(line, {{"batch 1,", absl::StrCat("batch ", batch, ",")},
                                                      {"1800000000", absl::StrCat(1'800'000'000 + batch)}}));
  }
  std::ofstream(path_) << text;
  now += absl::Seconds(LinkCostCache::kMaxEntries);
  LinkCostCache cache(path_, clock);
  EXPECT_THAT(cache.Find(Key(1)), Optional(Costs()));
  EXPECT_THAT(cache.Find(Key(LinkCostCache::kMaxEntries)), Optional(Costs()));
  cache.Put(Key(LinkCostCache::kMaxEntries + 1), Costs());
  LinkCostCache reader(path_, clock);
  for (LinkCostCache* each : {&cache, &reader}) {
    EXPECT_EQ(each->Find(Key(1)), std::nullopt) << "the oldest is the first to go";
    EXPECT_THAT(each->Find(Key(2)), Optional(Costs()));
    EXPECT_THAT(each->Find(Key(LinkCostCache::kMaxEntries + 1)), Optional(Costs()));
  }
  now += LinkCostCache::kMaxAge + absl::Seconds(1);
  EXPECT_EQ(cache.Find(Key(2)), std::nullopt);
  EXPECT_EQ(LinkCostCache(path_, clock).Find(Key(2)), std::nullopt);
  // A clock that was set back: what comes from the future is not believed.
  now -= absl::Hours(24 * 365);
  EXPECT_EQ(LinkCostCache(path_, clock).Find(Key(2)), std::nullopt);
}

// What was measured while others used the machine serves whoever asks at once, not the jobs of tomorrow.
TEST_F(LinkCostCacheTest, CostsMeasuredUnderLoadAreNotKept) {
  absl::Time now = absl::FromUnixSeconds(1'800'000'000);
  const auto clock = [&] { return now; };
  LinkCostCache cache(path_, clock);
  cache.Put(Key(1), Costs(), /*load=*/1.2);
  cache.Put(Key(2), Costs(), /*load=*/1.3);
  EXPECT_THAT(cache.Find(Key(2)), Optional(Costs()));
  EXPECT_THAT(LinkCostCache(path_, clock).Find(Key(2)), Optional(Costs()));
  now += LinkCostCache::kMaxAgeUnderLoad + absl::Seconds(1);
  LinkCostCache reader(path_, clock);
  for (LinkCostCache* each : {&cache, &reader}) {
    EXPECT_THAT(each->Find(Key(1)), Optional(Costs()));
    EXPECT_EQ(each->Find(Key(2)), std::nullopt);
  }
}

TEST_F(LinkCostCacheTest, MeasuringUnderLoadIsNoticed) {
  absl::Time now = absl::FromUnixSeconds(1'800'000'000);
  LinkCostCache cache(path_, [&] { return now; });
  PretendingBackend backend(MakeCpuBackend({.threads = 1}).value(), {.stalls_every_other_round = true});
  const CalibrationOptions options = {.model = LanguageModelFactory({.hidden = 8}), .batch = 1, .links = {1}};
  const LinkCostKey key = KeyOf(DescriptionOf({.hidden = 8}), options, backend);
  ASSERT_TRUE(FindOrMeasure(key, options, /*measure_again=*/false, cache, backend, {}).ok());
  EXPECT_TRUE(cache.Find(key).has_value());
  now += LinkCostCache::kMaxAgeUnderLoad + absl::Seconds(1);
  EXPECT_FALSE(cache.Find(key).has_value());
}

// Writers at the same time may lose what another added; a reader always sees whole entries.
TEST_F(LinkCostCacheTest, ManyMayUseAFileAtOnce) {
  std::vector<std::thread> threads;
  for (int64_t id = 1; id <= 4; ++id) {
    threads.emplace_back([&, id] {
      for (int round = 0; round < 10; ++round) {
        LinkCostCache cache(path_);
        cache.Put(Key(id), Costs(static_cast<double>(id)));
        EXPECT_THAT(cache.Find(Key(id)), Optional(Costs(static_cast<double>(id))));
        for (int64_t other = 1; other <= 4; ++other) {
          if (const auto found = LinkCostCache(path_).Find(Key(other))) {
            EXPECT_EQ(*found, Costs(static_cast<double>(other)));
          }
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  LinkCostCache(path_).Put(Key(5), Costs(5));
  EXPECT_THAT(LinkCostCache(path_).Find(Key(5)), Optional(Costs(5)));
}

TEST_F(LinkCostCacheTest, MeasuresOnceUnlessAskedTo) {
  const auto backend = MakeCpuBackend({.threads = 1}).value();
  const CalibrationOptions options = {
      .model = LanguageModelFactory({.hidden = 8}), .batch = 1, .links = {1, 2}, .required = 2};
  const LinkCostKey key = KeyOf(DescriptionOf({.hidden = 8}), options, *backend);
  const auto measure = [&](bool again) {
    LinkCostCache cache(path_);
    return FindOrMeasure(key, options, again, cache, *backend, {}).value();
  };
  const std::vector<MeasuredLink> first = measure(false);
  EXPECT_EQ(measure(false), first);
  const std::vector<MeasuredLink> again = measure(true);
  EXPECT_NE(again, first) << "two measurements to the last bit alike";
  EXPECT_EQ(measure(false), again);
}

TEST(LinkCostCachePath, FollowsTheEnvironment) {
  setenv("HOME", "/home/me", 1);
  setenv("XDG_CACHE_HOME", "/cache", 1);
  setenv("RECURVE_CACHE", "/here", 1);
  EXPECT_EQ(LinkCostCachePath(), "/here/link-costs");
  setenv("RECURVE_CACHE", "", 1);
  EXPECT_EQ(LinkCostCachePath(), "");
  unsetenv("RECURVE_CACHE");
  EXPECT_EQ(LinkCostCachePath(), "/cache/recurve/link-costs");
  setenv("XDG_CACHE_HOME", "not/absolute", 1);
  EXPECT_EQ(LinkCostCachePath(), "/home/me/.cache/recurve/link-costs");
  unsetenv("XDG_CACHE_HOME");
  EXPECT_EQ(LinkCostCachePath(), "/home/me/.cache/recurve/link-costs");
  unsetenv("HOME");
  EXPECT_EQ(LinkCostCachePath(), "");
}

}  // namespace
}  // namespace recurve
