#include <gtest/gtest.h>
#include <sys/stat.h>

#include <atomic>
#include <future>
#include <thread>

#include "manifest.h"
#include "temp_dir.h"
#include "tracia/store_sqlite/data_directory.h"

namespace tracia::store_sqlite {
namespace {

namespace fs = std::filesystem;

store::NewSpan span(int n) {
  store::NewSpan made{.project_id = "prj_1", .span = {}};
  char id[24];
  std::snprintf(id, sizeof id, "sp_%016x", n);
  made.span.span_id = id;
  made.span.model = "gpt-4o";
  made.span.input_json = R"({"messages":[{"role":"user","content":"Hi )" + std::to_string(n) + R"("}]})";
  made.span.output = "Hello";
  return made;
}

void append(DataDirectory& directory, int n) {
  std::promise<bool> stored;
  directory.spans().append({span(n)}, [&](auto result) { stored.set_value(result.has_value()); });
  ASSERT_TRUE(stored.get_future().get());
}

size_t count_spans(DataDirectory& directory) {
  const auto page = directory.spans().list("prj_1", {}, {.limit = 10'000});
  EXPECT_TRUE(page) << page.error().message;
  return page->spans.size();
}

class BackupTest : public testing::Test {
 protected:
  void SetUp() override {
    auto opened = DataDirectory::open(data(), {});
    ASSERT_TRUE(opened) << opened.error().message;
    directory_ = std::move(*opened);
    ASSERT_TRUE(directory_->control().put_project({"prj_1", "Default", {1}}));
  }
  void back_up(bool with_key = false) {
    const auto report = directory_->backup(copy(), with_key);
    ASSERT_TRUE(report) << report.error().message;
  }
  std::string restore_refusal() {
    const auto restored = restore(copy(), fresh());
    EXPECT_FALSE(restored);
    EXPECT_FALSE(fs::exists(fresh()));
    return restored ? "" : restored.error().message;
  }
  fs::path data() const { return temp_.path() / "data"; }
  fs::path copy() const { return temp_.path() / "copy"; }
  fs::path fresh() const { return temp_.path() / "fresh"; }
  TempDir temp_;
  std::unique_ptr<DataDirectory> directory_;
};

TEST_F(BackupTest, RestoredHoldsWhatWasThereAndWorksOn) {
  for (int n = 1; n <= 20; ++n) append(*directory_, n);
  back_up();
  const auto restored = restore(copy(), fresh());
  ASSERT_TRUE(restored) << restored.error().message;
  EXPECT_GE(restored->files, 2u);
  const auto opened = DataDirectory::open(fresh(), {});
  ASSERT_TRUE(opened) << opened.error().message;
  EXPECT_EQ((*opened)->control().projects()->at(0).name, "Default");
  EXPECT_EQ(count_spans(**opened), 20u);
  const auto one = (*opened)->spans().get("prj_1", "sp_0000000000000007", "");
  ASSERT_TRUE(one && *one);
  EXPECT_EQ((*one)->span.output, "Hello");
  append(**opened, 21);
  EXPECT_EQ(count_spans(**opened), 21u);
  EXPECT_TRUE(examine(fresh())->findings.empty());
}

TEST_F(BackupTest, WhatWasDeletedStaysDeleted) {
  append(*directory_, 1);
  append(*directory_, 2);
  ASSERT_EQ(directory_->spans().remove("prj_1", "sp_0000000000000001", ""), true);
  back_up();
  ASSERT_TRUE(restore(copy(), fresh()));
  EXPECT_EQ(count_spans(**DataDirectory::open(fresh(), {})), 1u);
}

TEST_F(BackupTest, HasTheKeyOnlyWhenAsked) {
  const std::string sealed = directory_->seal("sk", "c");
  back_up(false);
  EXPECT_FALSE(fs::exists(copy() / "secret.key"));
  ASSERT_TRUE(restore(copy(), fresh()));
  EXPECT_FALSE((*DataDirectory::open(fresh(), {}))->unseal(sealed, "c"));
  fs::remove_all(copy());
  fs::remove_all(fresh());
  back_up(true);
  ASSERT_TRUE(restore(copy(), fresh()));
  struct stat info{};
  ASSERT_EQ(::stat((fresh() / "secret.key").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  EXPECT_EQ(*(*DataDirectory::open(fresh(), {}))->unseal(sealed, "c"), "sk");
}

TEST_F(BackupTest, HoldsEverythingAcknowledgedBeforeItWhileWritingGoesOn) {
  std::atomic<int> acknowledged{0};
  std::atomic<bool> stop{false};
  std::thread spans([&] {
    for (int n = 1; !stop && n < 5'000; ++n) {
      append(*directory_, n);
      acknowledged = n;
    }
  });
  std::thread settings([&] {
    for (int n = 0; !stop; ++n) ASSERT_TRUE(directory_->control().put_setting("n", std::to_string(n)));
  });
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (acknowledged < 5 && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  ASSERT_TRUE(directory_->control().put_project({"prj_2", "Second", {2}}));
  const int before = acknowledged;
  back_up();
  stop = true;
  spans.join();
  settings.join();
  ASSERT_TRUE(restore(copy(), fresh()));
  const auto opened = DataDirectory::open(fresh(), {});
  EXPECT_GE(count_spans(**opened), static_cast<size_t>(before));
  EXPECT_EQ((*opened)->control().projects()->size(), 2u);
  EXPECT_TRUE(*(*opened)->control().setting("n"));
}

TEST_F(BackupTest, RefusesAFolderThatHoldsSomethingAndLeavesItAlone) {
  fs::create_directories(copy());
  spill(copy() / "mine", "x");
  const auto report = directory_->backup(copy(), false);
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, ErrorCode::kInvalidRequest);
  EXPECT_EQ(slurp(copy() / "mine"), "x");
  EXPECT_FALSE(directory_->backup(copy() / "mine", false));
  EXPECT_FALSE(directory_->backup("", false));
}

TEST_F(BackupTest, RefusesToGoIntoTheDataDirectoryItself) {
  for (const fs::path& to : {data(), data() / "backup", data() / ".." / "data" / "b"}) {
    const auto report = directory_->backup(to, false);
    ASSERT_FALSE(report) << to;
    EXPECT_EQ(report.error().code, ErrorCode::kInvalidRequest);
  }
  EXPECT_FALSE(fs::exists(data() / "backup"));
}

TEST_F(BackupTest, IsNobodyElsesBusiness) {
  back_up(true);
  for (const auto& entry : fs::recursive_directory_iterator(copy())) {
    struct stat info{};
    ASSERT_EQ(::stat(entry.path().c_str(), &info), 0);
    if (entry.is_regular_file()) EXPECT_EQ(info.st_mode & 077, 0u) << entry.path();
  }
}

TEST_F(BackupTest, TellsItsProgressAndItsSize) {
  std::vector<std::string> files;
  const auto report = directory_->backup(copy(), false, [&](std::string_view file, uint64_t done, uint64_t total) {
    EXPECT_LE(done, total);
    files.emplace_back(file);
  });
  ASSERT_TRUE(report);
  EXPECT_NE(std::find(files.begin(), files.end(), "control.db"), files.end());
  uint64_t bytes = 0;
  const auto manifest = read_manifest(copy());
  for (const auto& file : manifest->files) bytes += fs::file_size(copy() / file.name);
  EXPECT_EQ(report->bytes, bytes);
  EXPECT_EQ(report->files, manifest->files.size());
}

TEST_F(BackupTest, AChangedFileIsNamedAndNothingIsRestored) {
  append(*directory_, 1);
  back_up(true);
  const auto manifest = read_manifest(copy());
  for (const auto& file : manifest->files) {
    const std::string whole = slurp(copy() / file.name);
    std::string changed = whole;
    changed[changed.size() / 2] = static_cast<char>(changed[changed.size() / 2] ^ 1);
    spill(copy() / file.name, changed);
    EXPECT_NE(restore_refusal().find(file.name), std::string::npos);
    spill(copy() / file.name, whole.substr(0, whole.size() - 1));
    EXPECT_NE(restore_refusal().find(file.name), std::string::npos);
    fs::remove(copy() / file.name);
    EXPECT_NE(restore_refusal().find(file.name), std::string::npos);
    spill(copy() / file.name, whole);
  }
  EXPECT_TRUE(restore(copy(), fresh()));
}

TEST_F(BackupTest, AFileThatIsALinkIsNotFollowed) {
  back_up();
  fs::rename(copy() / "control.db", temp_.path() / "elsewhere.db");
  fs::create_symlink(temp_.path() / "elsewhere.db", copy() / "control.db");
  EXPECT_NE(restore_refusal().find("control.db"), std::string::npos);
}

TEST_F(BackupTest, WithoutAWholeManifestIsNoBackup) {
  back_up();
  const std::string whole = slurp(copy() / "MANIFEST");
  fs::remove(copy() / "MANIFEST");
  EXPECT_NE(restore_refusal().find("MANIFEST"), std::string::npos);
  for (const size_t length : {size_t{0}, whole.size() / 2, whole.size() - 1}) {
    spill(copy() / "MANIFEST", whole.substr(0, length));
    EXPECT_NE(restore_refusal().find("MANIFEST"), std::string::npos) << length;
  }
  EXPECT_FALSE(restore(temp_.path() / "nothing here", fresh()));
}

TEST_F(BackupTest, IsNotRestoredOverSomething) {
  back_up();
  const std::string version = slurp(data() / "VERSION");
  EXPECT_EQ(restore(copy(), data()).error().code, ErrorCode::kInvalidRequest);
  EXPECT_EQ(slurp(data() / "VERSION"), version);
  fs::create_directories(fresh());
  EXPECT_TRUE(restore(copy(), fresh()));  // empty is fine
}

TEST_F(BackupTest, OfANewerFormatIsNotRestored) {
  back_up();
  auto manifest = *read_manifest(copy());
  spill(copy() / "VERSION", "tracia-data 9\n");
  for (auto& file : manifest.files) {
    if (file.name == "VERSION") file.hashed = *hash_file(copy() / "VERSION");
  }
  spill(copy() / "MANIFEST", manifest.to_text());
  EXPECT_NE(restore_refusal().find("newer Tracia (format 9"), std::string::npos);
}

TEST(ManifestTest, ReadsWhatItWrites) {
  const Manifest written{.created = {1'800'000'000'123'456},
                         .files = {{"control.db", {7, sha256_hex("a")}}, {"segments/000001.db", {0, sha256_hex("")}}}};
  const auto read = parse_manifest(written.to_text());
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->created, written.created);
  ASSERT_EQ(read->files.size(), 2u);
  EXPECT_EQ(read->files[1].name, "segments/000001.db");
  EXPECT_EQ(read->files[0].hashed.bytes, 7u);
  EXPECT_EQ(read->files[0].hashed.sha256, sha256_hex("a"));
  EXPECT_EQ(read->bytes(), 7u);
}

TEST(ManifestTest, NamesThatLeadOutOfTheBackupAreRefused) {
  for (const char* name : {"../x", "/etc/passwd", "a/../b", "a/b/c", ".", "..", ".hidden", "a/", "/a", "", "a//b",
                           "a b", "lock", "control.sock", "MANIFEST", "a\\b", "a/.b"}) {
    const Manifest manifest{.created = {}, .files = {{name, {1, sha256_hex("")}}}};
    EXPECT_FALSE(parse_manifest(manifest.to_text())) << name;
  }
  const Manifest twice{.created = {}, .files = {{"a", {1, sha256_hex("")}}, {"a", {1, sha256_hex("")}}}};
  EXPECT_FALSE(parse_manifest(twice.to_text()));
}

TEST(ManifestTest, AnyChangedByteIsNoticed) {
  const Manifest manifest{.created = {}, .files = {{"control.db", {7, sha256_hex("a")}}}};
  const std::string text = manifest.to_text();
  for (size_t i = 0; i < text.size(); ++i) {
    std::string changed = text;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    EXPECT_FALSE(parse_manifest(changed)) << i;
    EXPECT_FALSE(parse_manifest(text.substr(0, i))) << i;
  }
}

}  // namespace
}  // namespace tracia::store_sqlite
