// Reading several sealed files as one: by project, then newest first. Files number their contents each for itself, so
// that what one conversation says in two of them is found by its hash, and becomes one content again.
#include <algorithm>
#include <cstring>
#include <set>

#include "key_index.h"
#include "sealed.h"
#include "sealed_reader.h"

namespace tracia::store_sqlite {
namespace {

constexpr size_t kSpansPerPause = 512;

uint64_t key_of(const ContentHash& hash) {
  uint64_t key = 0;
  std::memcpy(&key, hash.data(), sizeof key);
  return key == KeyIndex::kNoKey ? 1 : key;
}

// One file, and the span of the current project that comes next in it.
class Source {
 public:
  explicit Source(std::unique_ptr<SealedFile> file)
      : file_(std::move(file)), reader_(*file_), numbers_(file_->meta().contents, kUnknown) {}

  const SealedFile& file() const { return *file_; }
  SpanReader& reader() { return reader_; }

  // Goes to the first span of a project. False: it has none.
  Result<bool> enter(const std::string& project_id) {
    const auto project = file_->project(project_id);
    if (!project) return false;
    at_ = file_->meta().projects[*project].first;
    end_ = at_ + file_->meta().projects[*project].spans;
    TRACIA_TRY(reader_.row(at_, row_));
    return true;
  }
  Result<bool> next() {
    if (++at_ == end_) return false;
    TRACIA_TRY(reader_.row(at_, row_));
    return true;
  }
  store::Position position() const { return row_.position(); }
  Result<std::string_view> row() { return reader_.row_bytes(at_); }
  Result<Detail> detail() { return reader_.detail(at_); }

  // What the merge calls a content of this file.
  static constexpr uint32_t kUnknown = 0xffffffff;
  Result<uint32_t*> number_of(uint64_t content) {
    if (content >= numbers_.size()) return fail(file_->damaged("a content that is not there"));
    return &numbers_[static_cast<size_t>(content)];
  }

 private:
  std::unique_ptr<SealedFile> file_;
  SpanReader reader_;
  std::vector<uint32_t> numbers_;
  uint32_t at_ = 0, end_ = 0;
  Row row_;
};

class Merge final : public SealedMerge {
 public:
  explicit Merge(std::vector<std::unique_ptr<Source>> sources) : sources_(std::move(sources)) {}

  SealedBuilder::FetchContent fetch() override {
    return [this](uint64_t number) { return content(number); };
  }

  Status add_all(SealedBuilder& builder, const std::function<Status()>& pause) override {
    std::set<std::string> projects;
    for (const auto& source : sources_) {
      for (const SealedProject& project : source->file().meta().projects) projects.insert(project.id);
    }
    for (const std::string& project : projects) TRACIA_TRY(add_project(project, builder, pause));
    return {};
  }

  uint64_t spans() const override {
    uint64_t spans = 0;
    for (const auto& source : sources_) spans += source->file().meta().info.spans;
    return spans;
  }

 private:
  struct Place {
    Source* source;
    uint64_t number;  // in its file
  };

  Status add_project(const std::string& project, SealedBuilder& builder, const std::function<Status()>& pause) {
    index_ = {};  // contents are shared within a project
    index_begin_ = places_.size();
    hashes_.clear();
    std::vector<Source*> open;
    for (const auto& source : sources_) {
      const auto has = source->enter(project);
      if (!has) return fail(has.error());
      if (*has) open.push_back(source.get());
    }
    const auto older = [](const Source* a, const Source* b) { return a->position() < b->position(); };
    while (!open.empty()) {
      if (++steps_ % kSpansPerPause == 0) TRACIA_TRY(pause());
      const auto newest = std::max_element(open.begin(), open.end(), older);
      TRACIA_TRY(add_span(project, **newest, builder));
      const auto more = (*newest)->next();
      if (!more) return fail(more.error());
      if (!*more) open.erase(newest);
    }
    return {};
  }

  Status add_span(const std::string& project, Source& source, SealedBuilder& builder) {
    const auto row = source.row();
    if (!row) return fail(row.error());
    auto detail = source.detail();
    if (!detail) return fail(std::move(detail).error());
    fresh_.clear();
    for (const uint64_t content : detail->content_numbers) {
      const auto known = source.number_of(content);
      if (!known) return fail(known.error());
      if (**known == Source::kUnknown) fresh_.push_back(content);
    }
    if (!fresh_.empty()) TRACIA_TRY(learn(source));
    for (uint64_t& content : detail->content_numbers) content = **source.number_of(content);
    return builder.add(project, *row, encode_detail(detail->content_numbers, detail->body));
  }

  // Numbers the contents that are seen for the first time in their file.
  Status learn(Source& source) {
    texts_.clear();
    TRACIA_TRY(source.reader().contents_of(fresh_, texts_));
    for (size_t i = 0; i < fresh_.size(); ++i) {
      const ContentHash hash = hash_of(texts_[i]);
      uint32_t found = index_.first(key_of(hash));
      while (found != KeyIndex::kNone && hashes_[found] != hash) found = index_.next(found);
      if (found == KeyIndex::kNone) {
        if (places_.size() >= Source::kUnknown) return fail(source.file().damaged("too many contents"));
        found = static_cast<uint32_t>(hashes_.size());
        index_.push(key_of(hash));
        hashes_.push_back(hash);
        places_.push_back({.source = &source, .number = fresh_[i]});
      }
      **source.number_of(fresh_[i]) = static_cast<uint32_t>(index_begin_) + found;
    }
    return {};
  }

  Result<std::string> content(uint64_t number) {
    const Place& place = places_.at(static_cast<size_t>(number));
    std::vector<std::string_view> text;
    TRACIA_TRY(place.source->reader().contents_of({place.number}, text));
    return std::string(text[0]);
  }

  std::vector<std::unique_ptr<Source>> sources_;
  std::vector<Place> places_;  // of each content
  size_t index_begin_ = 0;     // the number of the project's first content
  KeyIndex index_;             // of the project's contents, by hash, like
  std::vector<ContentHash> hashes_;
  size_t steps_ = 0;
  std::vector<uint64_t> fresh_;  // reused, like
  std::vector<std::string_view> texts_;
};

}  // namespace

Result<std::unique_ptr<SealedMerge>> SealedMerge::open(const std::vector<std::filesystem::path>& files,
                                                       const std::string& vfs) {
  auto pool = std::make_shared<ReaderPool>(vfs);
  std::vector<std::unique_ptr<Source>> sources;
  for (const auto& path : files) {
    auto file = SealedFile::open(path, pool);
    if (!file) return fail(std::move(file).error());
    sources.push_back(std::make_unique<Source>(std::move(*file)));
  }
  return std::make_unique<Merge>(std::move(sources));
}

}  // namespace tracia::store_sqlite
