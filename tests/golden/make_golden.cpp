// make_golden DIR: writes the golden data directory of the newest format, each file gzipped, into DIR (tests/golden/
// format-N). Run by hand, once for each format; what it wrote is then kept as it is.
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <future>
#include <sstream>

#include "golden.h"
#include "span_engine.h"
#include "tracia/base/compress.h"

namespace tracia::golden {
namespace {

namespace fs = std::filesystem;

Status append(store::SpanStore& spans, int first, int last) {
  for (int n = first; n <= last; ++n) {
    std::promise<Status> stored;
    spans.append({span(n)},
                 [&](auto result) { stored.set_value(result ? Status{} : Status(fail(std::move(result).error()))); });
    TRACIA_TRY(stored.get_future().get());
  }
  return {};
}

Status fill_control(store_sqlite::DataDirectory& directory) {
  store::ControlStore& control = directory.control();
  const Timestamp at{kStartUs};
  TRACIA_TRY(control.put_project({kProject, "Golden", at}));
  TRACIA_TRY(control.put_api_key({.id = kKey,
                                  .project_id = kProject,
                                  .name = "ci",
                                  .prefix = "tr_golden01",
                                  .hash = std::string(32, 'h'),
                                  .created_by = "bootstrap",
                                  .created = at,
                                  .last_used = at}));
  TRACIA_TRY(control.put_member({.id = "mem_1", .email = "ada@example.com", .name = "Ada", .created = at}));
  TRACIA_TRY(control.put_connection({.id = kConnection,
                                     .project_id = kProject,
                                     .name = "Local",
                                     .protocol = "openai",
                                     .base_url = "http://127.0.0.1:11434/v1",
                                     .sealed_secrets = directory.seal(kSecret, kConnection),
                                     .created = at,
                                     .updated = at}));
  prompt::Prompt prompt{
      .id = kPrompt, .project_id = kProject, .slug = "welcome", .name = "Welcome", .created = at, .updated = at};
  prompt::Version version{.prompt_id = kPrompt, .number = 1, .author = "ci", .created = at};
  version.content.model = "gpt-4o";
  version.content.messages = {{"msg_1", "user", "\"Version 1 for {{n}}\""}};
  TRACIA_TRY(control.create_prompt(prompt, version));
  for (int64_t number = 2; number <= 3; ++number) {
    version.number = prompt.current_version = prompt.revision = number;
    version.content.messages[0].content_json = "\"Version " + std::to_string(number) + " for {{n}}\"";
    if (number == 3) prompt.labels = {{"production", 2}, {"staging", 3}};
    TRACIA_TRY(control.update_prompt(prompt, &version));
  }
  TRACIA_TRY(control.put_evaluation({.id = kEvaluation,
                                     .project_id = kProject,
                                     .span_id = span_id(1),
                                     .trace_id = trace_id(1),
                                     .evaluator_key = "quality",
                                     .value = 0.75,
                                     .source = "api",
                                     .note = "good",
                                     .created = at}));
  return control.put_setting("golden", "yes");
}

Status fill(const fs::path& dir) {
  auto directory = store_sqlite::DataDirectory::open(dir, {});
  if (!directory) return fail(directory.error());
  TRACIA_TRY(fill_control(**directory));
  store::SpanStore& spans = (*directory)->spans();
  TRACIA_TRY(append(spans, 1, kSpans / 2));
  TRACIA_TRY(dynamic_cast<store_sqlite::SpanEngine&>(spans).seal());
  TRACIA_TRY(append(spans, kSpans / 2 + 1, kSpans));
  const auto removed = spans.remove(kProject, span_id(kDeletedSpan), "");
  return removed ? Status{} : Status(fail(removed.error()));
}

void pack(const fs::path& from, const fs::path& to) {
  for (const auto& entry : fs::recursive_directory_iterator(from)) {
    if (!entry.is_regular_file() || entry.path().filename() == "lock") continue;
    std::ostringstream bytes;
    bytes << std::ifstream(entry.path(), std::ios::binary).rdbuf();
    const fs::path packed = to / (fs::relative(entry.path(), from).string() + ".gz");
    fs::create_directories(packed.parent_path());
    std::ofstream(packed, std::ios::binary) << gzip(bytes.str(), 9);
  }
}

}  // namespace
}  // namespace tracia::golden

int main(int argc, char** argv) {
  namespace fs = std::filesystem;
  if (argc != 2) {
    std::fputs("make_golden DIR\n", stderr);
    return 2;
  }
  const fs::path work = fs::path(argv[1]).string() + ".work";
  const auto filled = tracia::golden::fill(work);
  if (!filled) {
    std::fprintf(stderr, "%s\n", filled.error().message.c_str());
    return 1;
  }
  tracia::golden::pack(work, argv[1]);
  fs::remove_all(work);
  return 0;
}
