#include "fake_control_store.h"

#include "control_store_contract.h"

namespace tracia::store {
namespace {

// Memory is all there is: opening it again finds what was there.
class FakeFixture final : public ControlStoreFixture {
 public:
  ControlStore& store() override { return store_; }
  void reopen() override {}

 private:
  FakeControlStore store_;
};

INSTANTIATE_TEST_SUITE_P(Fake, ControlStoreContract,
                         testing::Values(MakeControlStore([] { return std::make_unique<FakeFixture>(); })));

}  // namespace
}  // namespace tracia::store
