#include "tracia/store_sqlite/data_directory.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "temp_dir.h"

namespace tracia::store_sqlite {
namespace {

namespace fs = std::filesystem;

unsigned mode_of(const fs::path& path) {
  struct stat info{};
  EXPECT_EQ(::stat(path.c_str(), &info), 0) << path;
  return info.st_mode & 0777;
}

class DataDirectoryTest : public testing::Test {
 protected:
  std::unique_ptr<DataDirectory> open() {
    auto opened = DataDirectory::open(dir(), {});
    EXPECT_TRUE(opened) << opened.error().message;
    return opened ? std::move(*opened) : nullptr;
  }
  std::string refusal() {
    const auto opened = DataDirectory::open(dir(), {});
    EXPECT_FALSE(opened);
    return opened ? "" : opened.error().message;
  }
  fs::path dir() const { return temp_.path() / "data"; }
  TempDir temp_;
};

TEST_F(DataDirectoryTest, IsMadePrivateAndWhole) {
  const auto directory = open();
  EXPECT_EQ(directory->path(), dir());
  EXPECT_EQ(mode_of(dir()), 0700u);
  EXPECT_EQ(mode_of(dir() / "secret.key"), 0600u);
  EXPECT_EQ(fs::file_size(dir() / "secret.key"), 32u);
  EXPECT_EQ(slurp(dir() / "VERSION"), "tracia-data 1\n");
  EXPECT_EQ(slurp(dir() / "lock"), std::to_string(::getpid()) + "\n");
  EXPECT_TRUE(fs::exists(dir() / "control.db"));
  EXPECT_TRUE(directory->control().projects()->empty());
  EXPECT_EQ(directory->spans().stats().spans, 0u);
}

TEST_F(DataDirectoryTest, IsMadeWithTheFoldersAboveIt) {
  EXPECT_TRUE(DataDirectory::open(temp_.path() / "a" / "b" / "c", {}));
  EXPECT_TRUE(fs::exists(temp_.path() / "a" / "b" / "c" / "VERSION"));
}

TEST_F(DataDirectoryTest, OpensAgainWithWhatWasInIt) {
  ASSERT_TRUE(open()->control().put_project({"prj_1", "Default", {}}));
  EXPECT_EQ(open()->control().projects()->at(0).name, "Default");
}

TEST_F(DataDirectoryTest, AFileThatWasTakenAwayIsNamedAndNotMadeAnew) {
  (void)open();
  for (const char* name : {"control.db", "deletions.db", "segments"}) {
    fs::rename(dir() / name, temp_.path() / "away");
    EXPECT_NE(refusal().find(std::string(name) + " is missing: "), std::string::npos) << refusal();
    EXPECT_FALSE(fs::exists(dir() / name));
    fs::rename(temp_.path() / "away", dir() / name);
  }
  EXPECT_TRUE(open());
}

TEST_F(DataDirectoryTest, ChangesAreRefusedWhileControlDbIsNotInItsPlace) {
  const auto directory = open();
  const auto put = [&](const char* id) { return directory->control().put_project({id, "Default", {}}); };
  ASSERT_TRUE(put("prj_1"));
  fs::rename(dir() / "control.db", temp_.path() / "away");
  const Status refused = put("prj_2");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kUnavailable);
  EXPECT_NE(refused.error().message.find("control.db was removed or replaced"), std::string::npos);
  EXPECT_FALSE(directory->spans().health());
  std::ofstream(dir() / "control.db") << "another";
  EXPECT_FALSE(put("prj_2")) << "it lies there, but is another file";
  fs::rename(temp_.path() / "away", dir() / "control.db");
  EXPECT_TRUE(directory->spans().health());
  EXPECT_TRUE(put("prj_2"));
  EXPECT_EQ(directory->control().projects()->size(), 2u) << "what was refused was not kept";
}

TEST_F(DataDirectoryTest, InUseIsRefusedNamingTheProcess) {
  const auto first = open();
  const auto second = DataDirectory::open(dir(), {});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kUnavailable);
  EXPECT_NE(second.error().message.find("in use by process " + std::to_string(::getpid())), std::string::npos)
      << second.error().message;
}

TEST_F(DataDirectoryTest, HolderIsWhoHasItOpen) {
  EXPECT_EQ(*holder(dir()), std::nullopt);
  {
    const auto directory = open();
    EXPECT_EQ(*holder(dir()), ::getpid());
  }
  EXPECT_EQ(*holder(dir()), std::nullopt);  // the file and its pid are still there
}

TEST_F(DataDirectoryTest, OfANewerFormatIsRefused) {
  open();
  spill(dir() / "VERSION", "tracia-data 3\n");
  EXPECT_EQ(refusal(), "the data directory was written by a newer Tracia (format 3; this one knows 1)");
  EXPECT_EQ(slurp(dir() / "VERSION"), "tracia-data 3\n");
}

TEST_F(DataDirectoryTest, WithAnUnreadableVersionIsRefused) {
  open();
  for (const char* text :
       {"", "3", "tracia-data", "tracia-data x", "tracia-data 0", "tracia-data 1x", "tracia-data -1"}) {
    spill(dir() / "VERSION", text);
    EXPECT_NE(refusal().find("VERSION"), std::string::npos) << text;
  }
  spill(dir() / "VERSION", std::string(100'000, 'x'));
  EXPECT_NE(refusal().find("VERSION"), std::string::npos);
}

TEST_F(DataDirectoryTest, AFolderOfSomethingElseIsRefusedAndLeftAlone) {
  fs::create_directories(dir());
  ::chmod(dir().c_str(), 0755);
  spill(dir() / "thesis.txt", "mine");
  EXPECT_NE(refusal().find("not a data directory of Tracia"), std::string::npos);
  EXPECT_EQ(mode_of(dir()), 0755u);
  EXPECT_EQ(std::distance(fs::directory_iterator(dir()), fs::directory_iterator()), 1);
}

TEST_F(DataDirectoryTest, AFolderWithOnlyAConfigurationIsFilled) {
  fs::create_directories(dir());
  spill(dir() / "tracia.toml", "listen = \"127.0.0.1:7070\"\n");
  EXPECT_TRUE(open());
}

TEST_F(DataDirectoryTest, AStartThatWasCutShortIsGoneThroughAgain) {
  fs::create_directories(dir());
  spill(dir() / "lock", "123\n");
  spill(dir() / "VERSION.tmp", "tra");
  ASSERT_TRUE(open());
  fs::remove(dir() / "secret.key");
  spill(dir() / "secret.key.tmp", "half");
  ASSERT_TRUE(open());
  EXPECT_EQ(fs::file_size(dir() / "secret.key"), 32u);
  EXPECT_FALSE(fs::exists(dir() / "secret.key.tmp"));
}

TEST_F(DataDirectoryTest, WhereAFileStandsIsRefusedNamingIt) {
  spill(dir(), "a file");
  EXPECT_NE(refusal().find(dir().string()), std::string::npos);
}

TEST_F(DataDirectoryTest, ADamagedKeyIsRefusedAndNeverReplaced) {
  open();
  for (const std::string& bytes : {std::string(), std::string(31, 'k'), std::string(33, 'k')}) {
    spill(dir() / "secret.key", bytes);
    EXPECT_NE(refusal().find("secret.key"), std::string::npos);
    EXPECT_EQ(slurp(dir() / "secret.key"), bytes);
  }
}

TEST_F(DataDirectoryTest, AKeyThatOthersMayReadIsMadePrivate) {
  open();
  ::chmod((dir() / "secret.key").c_str(), 0644);
  open();
  EXPECT_EQ(mode_of(dir() / "secret.key"), 0600u);
}

TEST_F(DataDirectoryTest, AKeyThatIsALinkIsRefused) {
  open();
  fs::rename(dir() / "secret.key", temp_.path() / "elsewhere");
  fs::create_symlink(temp_.path() / "elsewhere", dir() / "secret.key");
  EXPECT_NE(refusal().find("secret.key"), std::string::npos);
}

TEST_F(DataDirectoryTest, WhatItSealsItUnsealsAlsoLater) {
  std::string sealed;
  {
    const auto directory = open();
    sealed = directory->seal("sk-secret", "con_1");
    EXPECT_EQ(*directory->unseal(sealed, "con_1"), "sk-secret");
    EXPECT_EQ(*directory->unseal(directory->seal("", ""), ""), "");
    EXPECT_NE(sealed, directory->seal("sk-secret", "con_1"));  // a nonce of its own
    EXPECT_EQ(sealed.find("sk-secret"), std::string::npos);
  }
  EXPECT_EQ(*open()->unseal(sealed, "con_1"), "sk-secret");
}

TEST_F(DataDirectoryTest, UnsealRefusesAnotherContextAnyChangeAndAnotherKey) {
  std::string sealed;
  {
    const auto directory = open();
    sealed = directory->seal("sk-secret", "con_1");
    EXPECT_EQ(directory->unseal(sealed, "con_2").error().code, ErrorCode::kUnavailable);
    for (size_t i = 0; i < sealed.size(); ++i) {
      std::string changed = sealed;
      changed[i] = static_cast<char>(changed[i] ^ 1);
      EXPECT_FALSE(directory->unseal(changed, "con_1")) << i;
      EXPECT_FALSE(directory->unseal(sealed.substr(0, i), "con_1")) << i;
    }
    EXPECT_FALSE(directory->unseal(sealed + "x", "con_1"));
  }
  fs::remove(dir() / "secret.key");
  const auto refused = open()->unseal(sealed, "con_1");
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("another secret.key"), std::string::npos);
}

}  // namespace
}  // namespace tracia::store_sqlite
