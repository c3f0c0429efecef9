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
    if (!file.bloom().may_have(packed_span_key(in.id, row.span_id))) {
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

Status check_groups(const SealedFile& file, size_t project, store::GroupBy by) {
  GroupReader groups(file, project, by);
  while (true) {
    auto more = groups.next();
    if (!more) return fail(std::move(more).error());
    if (!*more) return {};
  }
}

}  // namespace

Status check_sealed(const std::filesystem::path& path, const std::string& vfs) {
  auto file = SealedFile::open(path, std::make_shared<ReaderPool>(vfs, 1));
  if (!file) return fail(std::move(file).error());
  TRACIA_TRY(check_pages(**file));
  for (size_t project = 0; project < (*file)->meta().projects.size(); ++project) {
    TRACIA_TRY(check_spans(**file, project));
    for (const auto by : {store::GroupBy::kSession, store::GroupBy::kUser}) {
      TRACIA_TRY(check_groups(**file, project, by));
    }
  }
  return check_postings(**file);
}

}  // namespace tracia::store_sqlite
