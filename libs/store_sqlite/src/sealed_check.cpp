// doctor's look at a sealed file: every page, every block, every span.
#include "sealed.h"
#include "sealed_reader.h"

namespace tracia::store_sqlite {
namespace {

// SQLite's own check of pages and B-trees.
Status check_pages(const SealedFile& file) {
  auto lease = file.borrow();
  if (!lease) return fail(std::move(lease).error());
  auto select = (*lease)->db.prepare("PRAGMA quick_check(1)");
  if (!select) return fail(file.named(std::move(select).error()));
  auto row = select->step();
  if (!row) return fail(file.named(std::move(row).error()));
  if (!*row || select->text(0) != "ok") {
    return fail(file.damaged(*row ? select->text(0) : "its pages cannot be checked"));
  }
  return {};
}

Status check_spans(const SealedFile& file, size_t project) {
  const SealedProject& in = file.meta().projects[project];
  SpanReader reader(file);
  Row row;
  store::Position last;
  for (uint32_t at = 0; at < in.spans; ++at) {
    TRACIA_TRY(reader.row(in.first + at, row));
    if (at > 0 && row.position() >= last) return fail(file.damaged("spans are out of order"));
    last = row.position();
    const auto span = reader.load(in.first + at, row, Load::kAll);
    if (!span) return fail(span.error());
    if (!file.may_have(packed_span_key(in.id, row.span_id))) {
      return fail(file.damaged("its bloom filter lacks a span"));
    }
  }
  return {};
}

Status check_postings(const SealedFile& file) {
  auto lease = file.borrow();
  if (!lease) return fail(std::move(lease).error());
  auto select = (*lease)->db.prepare("SELECT key, list FROM postings");
  if (!select) return fail(file.named(std::move(select).error()));
  while (true) {
    auto row = select->step();
    if (!row) return fail(file.named(std::move(row).error()));
    if (!*row) return {};
    const auto project = project_of_key(select->blob(0));
    if (!project || *project >= file.meta().projects.size()) return fail(file.damaged("an index of no project"));
    const auto list = PositionList::decode(select->blob(1), file.meta().projects[*project].spans);
    if (!list) return fail(file.named(list.error()));
  }
}

Status check_words(const SealedFile& file) {
  if (!file.has_words()) return {};
  std::vector<WordUnits> units;
  for (size_t project = 0; project < file.meta().projects.size(); ++project) {
    auto of_project = file.word_units(project);
    if (!of_project) return fail(std::move(of_project).error());
    units.push_back(std::move(*of_project));
  }
  auto lease = file.borrow();
  if (!lease) return fail(std::move(lease).error());
  auto select = (*lease)->db.prepare("SELECT key, data FROM words");
  if (!select) return fail(file.named(std::move(select).error()));
  while (true) {
    auto row = select->step();
    if (!row) return fail(file.named(std::move(row).error()));
    if (!*row) return {};
    const auto project = project_of_word_key(select->blob(0));
    if (!project || *project >= units.size()) return fail(file.damaged("an index of words of no project"));
    const auto block = WordBlock::unpack(select->blob(1));
    if (!block) return fail(file.named(block.error()));
    for (size_t i = 0; i < block->size(); ++i) {
      if (!units[*project].valid(block->list(i))) return fail(file.damaged("a list of its index of words"));
    }
  }
}

Status check_sums(const SealedFile& file, size_t project) {
  for (const RollupView view : kRollupViews) {
    for (const RollupSlot slot : kRollupSlots) {
      const auto rollup = file.rollup(project, view, slot);
      if (!rollup) return fail(rollup.error());
      store::Measures all;
      if (*rollup) TRACIA_TRY((*rollup)->each_cell([&](int64_t, size_t) { return &all; }));
    }
  }
  return {};
}

Status check_groups(const SealedFile& file, size_t project, store::GroupBy by) {
  GroupReader groups(file, project, by);
  while (true) {
    auto more = groups.next();
    if (!more) return fail(std::move(more).error());
    if (!*more) return {};
  }
}

// Files of earlier versions have no digest.
Status check_digest(const SealedFile& file) {
  auto lease = file.borrow();
  if (!lease) return fail(std::move(lease).error());
  auto select = (*lease)->db.prepare("SELECT value FROM meta WHERE name = 'digest'");
  if (!select) return fail(file.named(std::move(select).error()));
  auto row = select->step();
  if (!row) return fail(file.named(std::move(row).error()));
  if (!*row) return {};
  const std::string written(select->blob(0));
  const auto found = sealed_digest((*lease)->db);
  if (!found) return fail(file.named(found.error()));
  if (*found != written) return fail(file.damaged("its indexes are not those that were written"));
  return {};
}

}  // namespace

Status check_sealed(const std::filesystem::path& path, const std::string& vfs) {
  auto file = SealedFile::open(path, std::make_shared<ReaderPool>(vfs, 1));
  if (!file) return fail(std::move(file).error());
  TRACIA_TRY(check_pages(**file));
  TRACIA_TRY((*file)->load_filter());
  for (size_t project = 0; project < (*file)->meta().projects.size(); ++project) {
    TRACIA_TRY(check_spans(**file, project));
    TRACIA_TRY(check_sums(**file, project));
    for (const auto by : {store::GroupBy::kSession, store::GroupBy::kUser}) {
      TRACIA_TRY(check_groups(**file, project, by));
    }
  }
  TRACIA_TRY(check_words(**file));
  TRACIA_TRY(check_postings(**file));
  return check_digest(**file);
}

}  // namespace tracia::store_sqlite
