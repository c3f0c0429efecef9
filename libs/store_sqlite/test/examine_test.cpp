#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>

#include "db.h"
#include "temp_dir.h"
#include "tracia/store_sqlite/data_directory.h"

namespace tracia::store_sqlite {
namespace {

namespace fs = std::filesystem;

class ExamineTest : public testing::Test {
 protected:
  void SetUp() override {
    auto opened = DataDirectory::open(data(), {});
    ASSERT_TRUE(opened) << opened.error().message;
    auto& control = (*opened)->control();
    // Enough for several pages.
    for (int n = 0; n < 40; ++n) ASSERT_TRUE(control.put_setting("n" + std::to_string(n), std::string(4000, 'x')));
  }
  Report report() {
    auto found = examine(data());
    EXPECT_TRUE(found) << found.error().message;
    return found ? *found : Report{};
  }
  // The findings about one file, as text.
  std::string found_in(const std::string& file) {
    std::string all;
    for (const Finding& finding : report().findings) {
      EXPECT_FALSE(finding.problem.empty());
      EXPECT_FALSE(finding.advice.empty());
      if (finding.file == file) all += finding.problem + "; ";
    }
    return all;
  }
  fs::path data() const { return temp_.path() / "data"; }
  TempDir temp_;
};

TEST_F(ExamineTest, FindsNothingInAHealthyDirectoryAndWritesNothing) {
  const auto list = [&] {
    std::vector<std::string> names;
    for (const auto& entry : fs::recursive_directory_iterator(data())) names.push_back(entry.path().string());
    std::sort(names.begin(), names.end());
    return names;
  };
  const auto before = list();
  const Report found = report();
  EXPECT_TRUE(found.findings.empty()) << found.findings[0].file << ": " << found.findings[0].problem;
  EXPECT_EQ(found.format, 1);
  EXPECT_GT(found.bytes, 100'000u);
  EXPECT_EQ(list(), before);
}

TEST_F(ExamineTest, WorksBesideAServer) {
  const auto opened = DataDirectory::open(data(), {});
  ASSERT_TRUE((*opened)->control().put_setting("more", "x"));
  EXPECT_TRUE(report().findings.empty());
}

TEST_F(ExamineTest, NamesTheFileAndThePageThatIsDamaged) {
  std::string bytes = slurp(data() / "control.db");
  ASSERT_GT(bytes.size(), 8u * 16384);
  std::fill_n(bytes.begin() + static_cast<long>(bytes.size()) - 16384 + 8, 16, '\xff');  // the last page's inside
  std::fill_n(bytes.begin() + static_cast<long>(bytes.size()) - 16384, 8, '\xff');
  spill(data() / "control.db", bytes);
  EXPECT_NE(found_in("control.db").find(std::to_string(bytes.size() / 16384)), std::string::npos)
      << found_in("control.db");
}

TEST_F(ExamineTest, NamesAFileThatIsNoDatabaseOrMissing) {
  spill(data() / "control.db", "not a database");
  EXPECT_NE(found_in("control.db"), "");
  fs::remove(data() / "control.db");
  EXPECT_NE(found_in("control.db").find("missing"), std::string::npos);
}

TEST_F(ExamineTest, NamesWhatACrashLeft) {
  spill(data() / "VERSION.tmp", "");
  EXPECT_NE(found_in("VERSION.tmp"), "");
  fs::create_directories(data() / "segments");
  spill(data() / "segments" / "000009.sealed.db.tmp", "");
  EXPECT_NE(found_in("segments/000009.sealed.db.tmp"), "");
}

TEST_F(ExamineTest, NamesAKeyThatIsMissingDamagedOrOpenToOthers) {
  ::chmod((data() / "secret.key").c_str(), 0640);
  EXPECT_NE(found_in("secret.key").find("others"), std::string::npos);
  spill(data() / "secret.key", "short");
  EXPECT_NE(found_in("secret.key").find("damaged"), std::string::npos);
  fs::remove(data() / "secret.key");
  EXPECT_NE(found_in("secret.key").find("missing"), std::string::npos);
}

TEST_F(ExamineTest, NamesTablesOfANewerProgram) {
  fs::path active;
  for (const auto& entry : fs::directory_iterator(data() / "segments")) {
    if (entry.path().string().ends_with(".active.db")) active = fs::relative(entry.path(), data());
  }
  for (const fs::path& file : {fs::path("control.db"), fs::path("deletions.db"), active}) {
    ASSERT_TRUE(Db::open(data() / file, OpenMode::kReadWrite)->exec("PRAGMA user_version=99"));
    EXPECT_NE(found_in(file.generic_string()).find("newer"), std::string::npos) << file;
  }
}

TEST_F(ExamineTest, OfWhatIsNoDataDirectoryIsAnError) {
  EXPECT_EQ(examine(temp_.path()).error().code, ErrorCode::kNotFound);
  spill(data() / "VERSION", "tracia-data 5\n");
  EXPECT_NE(examine(data()).error().message.find("newer"), std::string::npos);
}

}  // namespace
}  // namespace tracia::store_sqlite
