#include "control_sqlite.h"

#include <gtest/gtest.h>

#include "control_schema.h"
#include "control_store_contract.h"
#include "temp_dir.h"

namespace tracia::store {
namespace {

class SqliteFixture final : public ControlStoreFixture {
 public:
  SqliteFixture() { reopen(); }
  ControlStore& store() override { return *store_; }
  void reopen() override {
    store_.reset();
    auto opened = store_sqlite::ControlSqlite::open(dir_.path() / "control.db");
    if (!opened) throw std::runtime_error(opened.error().message);
    store_ = std::move(*opened);
  }

 private:
  store_sqlite::TempDir dir_;
  std::unique_ptr<store_sqlite::ControlSqlite> store_;
};

INSTANTIATE_TEST_SUITE_P(Sqlite, ControlStoreContract,
                         testing::Values(MakeControlStore([] { return std::make_unique<SqliteFixture>(); })));

}  // namespace
}  // namespace tracia::store

namespace tracia::store_sqlite {
namespace {

class ControlFile : public testing::Test {
 protected:
  std::filesystem::path file() const { return dir_.path() / "control.db"; }
  Db raw() { return std::move(*Db::open(file(), OpenMode::kReadWrite)); }
  TempDir dir_;
};

TEST_F(ControlFile, CarriesItsVersionAndOurMark) {
  ASSERT_TRUE(ControlSqlite::open(file()));
  Db db = raw();
  EXPECT_EQ(*db.integer("PRAGMA user_version"), control_schema_version());
  EXPECT_EQ(*db.integer("PRAGMA application_id"), kControlApplicationId);
}

TEST_F(ControlFile, OfANewerProgramIsRefusedAndLeftAlone) {
  ASSERT_TRUE(ControlSqlite::open(file()));
  ASSERT_TRUE(raw().exec("PRAGMA user_version=99"));
  const auto opened = ControlSqlite::open(file());
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::kUnavailable);
  EXPECT_NE(opened.error().message.find("newer Tracia (version 99"), std::string::npos) << opened.error().message;
  EXPECT_EQ(*raw().integer("PRAGMA user_version"), 99);
}

TEST_F(ControlFile, OfAnotherProgramIsRefused) {
  ASSERT_TRUE(raw().exec("CREATE TABLE t(x); PRAGMA application_id=7; PRAGMA user_version=1"));
  const auto opened = ControlSqlite::open(file());
  ASSERT_FALSE(opened);
  EXPECT_NE(opened.error().message.find("another program"), std::string::npos) << opened.error().message;
}

TEST_F(ControlFile, ThatIsNoDatabaseIsAnErrorNamingTheFile) {
  spill(file(), std::string(4096, 'x'));
  const auto opened = ControlSqlite::open(file());
  ASSERT_FALSE(opened);
  EXPECT_NE(opened.error().message.find("control.db"), std::string::npos) << opened.error().message;
}

TEST_F(ControlFile, WithDamagedMessagesIsAnErrorAndNotAnEmptyPrompt) {
  auto opened = ControlSqlite::open(file());
  ASSERT_TRUE((*opened)->create_prompt({.id = "prm_1", .project_id = "prj_1", .slug = "one"}, {.prompt_id = "prm_1"}));
  ASSERT_TRUE(raw().exec("UPDATE prompt_versions SET messages='[{'"));
  const auto version = (*opened)->version("prm_1", 1);
  ASSERT_FALSE(version);
  EXPECT_EQ(version.error().code, ErrorCode::kUnavailable);
}

TEST_F(ControlFile, TextIsNeverReadAsSql) {
  auto opened = ControlSqlite::open(file());
  const std::string evil = "x'); DROP TABLE projects; --";
  ASSERT_TRUE((*opened)->put_project({evil, evil, {}}));
  EXPECT_EQ((*opened)->projects()->at(0).name, evil);
  EXPECT_FALSE(*(*opened)->login_session("' OR 1=1 --"));
}

TEST_F(ControlFile, AFailedTransactionLeavesTheWriterUsable) {
  auto opened = ControlSqlite::open(file());
  ASSERT_TRUE((*opened)->create_prompt({.id = "prm_1", .project_id = "prj_1", .slug = "one"}, {.prompt_id = "prm_1"}));
  // The same id again: no contract, but it must not stick.
  EXPECT_FALSE((*opened)->create_prompt({.id = "prm_1", .project_id = "prj_1", .slug = "two"}, {.prompt_id = "prm_1"}));
  EXPECT_TRUE((*opened)->put_project({"prj_1", "Default", {}}));
}

}  // namespace
}  // namespace tracia::store_sqlite
