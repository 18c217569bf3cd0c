// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <vector>

#include "tests/executor/backend/backend_conformance.h"

namespace recurve {
namespace {

TEST_P(BackendConformance, HostMemoryIsAlignedAndHasItsSize) {
  for (const int64_t bytes : {1, 64, 4097}) {
    const auto host = backend_->AllocateHost(bytes);
    ASSERT_TRUE(host.ok()) << host.status();
    EXPECT_EQ((*host)->size(), bytes);
    EXPECT_EQ(reinterpret_cast<uintptr_t>((*host)->data()) % kAlignment, 0U);
    std::fill_n((*host)->data(), bytes, std::byte{7});  // the host may write it
  }
}

// What is computed before a store is stored, and what is computed after the fetch reads what was fetched.
TEST_P(BackendConformance, TransfersKeepTheirPlaceAmongOperations) {
  constexpr int64_t kFloats = 100'003;
  constexpr int64_t kBytes = kFloats * static_cast<int64_t>(sizeof(float));
  const auto host = backend_->AllocateHost(kBytes).value();
  const auto values = Random(kFloats);
  auto x = OnDevice(values);
  auto y = Unwritten(kFloats);
  auto z = Unwritten(kFloats);
  backend_->Copy(x.data(), kBytes, y.data());
  const Transfer store = backend_->StartStore(y.data(), kBytes, host->data());
  backend_->Zero(x.data(), kBytes);  // not what the store reads
  backend_->Await(store);
  backend_->Zero(y.data(), kBytes);
  const Transfer fetch = backend_->StartFetch(host->data(), kBytes, z.data());
  backend_->Await(fetch);
  backend_->Copy(z.data(), kBytes, y.data());
  EXPECT_EQ(Bits(y.Values(), 0, kFloats), Bits(values, 0, kFloats));
  EXPECT_EQ(Bits(z.Values(), 0, kFloats), Bits(values, 0, kFloats));
  EXPECT_EQ(x.Values(), std::vector<float>(kFloats, 0.0f));
}

// More transfers than a backend may remember: each is done in its order, and an old one can still be awaited.
TEST_P(BackendConformance, ManyTransfersAreDoneInTheirOrder) {
  constexpr int64_t kFloats = 1024;
  constexpr int64_t kBytes = kFloats * static_cast<int64_t>(sizeof(float));
  constexpr int kRounds = 100;
  const auto host = backend_->AllocateHost(kBytes).value();
  auto x = Unwritten(kFloats * kRounds);
  auto y = Unwritten(kFloats * kRounds);
  const auto values = Random(kFloats * kRounds);
  backend_->Upload(values.data(), kBytes * kRounds, x.data());
  Transfer first;
  for (int round = 0; round < kRounds; ++round) {
    // The next store overwrites the same block of the host once this round's fetch has read it.
    const Transfer store = backend_->StartStore(x.data() + round * kFloats, kBytes, host->data());
    const Transfer fetch = backend_->StartFetch(host->data(), kBytes, y.data() + round * kFloats);
    EXPECT_LE(store, fetch);
    if (round == 0) first = fetch;
  }
  backend_->Await(first);
  auto z = Unwritten(kFloats);
  backend_->Copy(y.data(), kBytes, z.data());
  EXPECT_EQ(Bits(z.Values(), 0, kFloats), Bits(values, 0, kFloats));
  EXPECT_TRUE(backend_->Synchronize().ok());
  EXPECT_EQ(Bits(y.Values(), 0, kFloats * kRounds), Bits(values, 0, kFloats * kRounds));
}

}  // namespace
}  // namespace recurve
