#include "text.h"

#include <algorithm>
#include <charconv>

#include "tracia/base/bytes.h"

namespace tracia::simulate {
namespace {

constexpr std::array<std::string_view, 8> kOpeners = {
    "Here is what I can say about {}.",
    "Thanks for asking about {}.",
    "You asked about {}, so let me go through it step by step.",
    "The short answer on {} is that it depends on a few details.",
    "Let me help with {}.",
    "There is more to {} than it seems at first.",
    "When people ask about {}, they usually want to know where to start.",
    "In brief, {} comes down to a handful of choices.",
};
constexpr std::array<std::string_view, 28> kSentences = {
    "The first thing to settle is what a good result would look like.",
    "Most of the effort goes into the part that nobody sees.",
    "A small example makes the difference clear.",
    "It helps to write down the assumptions before anything else.",
    "The usual advice holds: start simple, measure, then improve.",
    "Two options stand out, and each has a cost.",
    "The first is quick to set up but harder to change later.",
    "The second takes longer and pays off as things grow.",
    "In practice the numbers matter more than the names.",
    "If time is short, leave the rare cases for later.",
    "Check the result against something that you already trust.",
    "A careful reader will notice that the order is important.",
    "This works well for small groups and still holds for large ones.",
    "Keep in mind that conditions change from one place to another.",
    "Many guides skip this step, and it causes most of the trouble.",
    "The details vary, yet the pattern stays the same.",
    "One common mistake is to solve the wrong problem very well.",
    "Ask someone who has done it before, and compare notes.",
    "The evidence points the same way in every source I would trust.",
    "Nothing here needs special tools or much money.",
    "After that, the rest follows almost by itself.",
    "It is worth trying both and keeping the one that fits.",
    "For most people the simpler choice is the better one.",
    "Set a limit in advance so that the work has an end.",
    "Look again in a week, because first impressions fade.",
    "Some of this is a matter of taste.",
    "The risk is small if you can undo each step.",
    "That is why the oldest method is still in use.",
};
constexpr std::array<std::string_view, 5> kClosers = {
    "Let me know if you would like more detail on any of this.",
    "I hope that helps.",
    "Tell me more about your case and I can be more exact.",
    "That should be enough to get started.",
    "If anything is unclear, just ask.",
};
constexpr std::array<std::string_view, 4> kThoughts = {
    "The user wants to know about {}.",
    "I should answer the question about {} directly.",
    "Let me think about {} before I answer.",
    "The request concerns {}; I need the main points only.",
};
constexpr std::array<std::string_view, 6> kThoughtSteps = {
    "First I list what is given and what is missing.",
    "There are two readings, and the plain one is more likely.",
    "A short answer with one example should be enough.",
    "I check that nothing in the question contradicts this.",
    "The order of the points matters, so I begin with the general one.",
    "No further information is needed.",
};

void fill(std::string& out, std::string_view form, std::string_view topic) {
  if (!out.empty()) out.push_back(' ');
  const size_t slot = form.find("{}");
  if (slot == std::string_view::npos) {
    out.append(form);
    return;
  }
  out.append(form.substr(0, slot)).append(topic).append(form.substr(slot + 2));
}

bool is_word_byte(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
         static_cast<unsigned char>(c) >= 0x80;
}
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }

// At most this much of a long text is looked at: prompts can be megabytes.
constexpr size_t kScanBytesMax = 4096;

std::string_view tail(std::string_view text) {
  if (text.size() <= kScanBytesMax) return text;
  text.remove_prefix(text.size() - kScanBytesMax);
  while (!text.empty() && (static_cast<unsigned char>(text.front()) & 0xC0) == 0x80) text.remove_prefix(1);
  return text;
}

size_t sentence_count(std::string_view user_text, Rng& rng) {
  for (const std::string_view word : {"essay", "story", "detailed", "paragraphs", "long", "report"}) {
    if (contains_word(user_text, word)) return 14 + rng.below(12);
  }
  for (const std::string_view word : {"brief", "briefly", "short", "concise", "one word", "sentence"}) {
    if (contains_word(user_text, word)) return 0;
  }
  return 1 + rng.below(4);
}

}  // namespace

bool contains_word(std::string_view text, std::string_view word) {
  text = tail(text);
  if (word.empty() || text.size() < word.size()) return false;
  for (size_t i = 0; i + word.size() <= text.size(); ++i) {
    if (i > 0 && is_word_byte(text[i - 1])) continue;
    if (i + word.size() < text.size() && is_word_byte(text[i + word.size()])) continue;
    if (ascii_iequals(text.substr(i, word.size()), word)) return true;
  }
  return false;
}

std::string topic_of(std::string_view user_text) {
  constexpr size_t kWordsMax = 6;
  std::string_view text = trim(tail(user_text));
  while (!text.empty() && std::string_view(".?!,;: \n\t\"').").find(text.back()) != std::string_view::npos)
    text.remove_suffix(1);
  size_t start = text.size(), words = 0;
  while (start > 0 && words < kWordsMax) {
    const size_t space = text.find_last_of(" \n\t", start - 1);
    const size_t word = space == std::string_view::npos ? 0 : space + 1;
    if (word < start) ++words;
    start = space == std::string_view::npos ? 0 : space;
  }
  std::string topic(trim(utf8_prefix(text.substr(start), 120)));
  for (char& c : topic) c = (c == '\n' || c == '\t' || c == '\r') ? ' ' : c;
  return topic.empty() ? "your message" : topic;
}

std::vector<std::string> proper_nouns(std::string_view text) {
  text = tail(text);
  std::vector<std::string> found, at_start;
  bool sentence_start = true;
  for (size_t i = 0; i < text.size() && found.size() < 16;) {
    if (!is_word_byte(text[i])) {
      if (text[i] == '.' || text[i] == '?' || text[i] == '!' || text[i] == '\n' || text[i] == ':')
        sentence_start = true;
      ++i;
      continue;
    }
    size_t end = i;
    const bool capital = is_upper(text[i]);
    const bool first = sentence_start;
    sentence_start = false;
    while (end < text.size() && (is_word_byte(text[end]) || text[end] == '-' || text[end] == '\'')) ++end;
    // "New York" is one name; "Paris, France" stays two.
    while (capital && !first && end + 1 < text.size() && text[end] == ' ' && is_upper(text[end + 1])) {
      ++end;
      while (end < text.size() && (is_word_byte(text[end]) || text[end] == '-')) ++end;
    }
    if (capital && end - i > 1) (first ? at_start : found).emplace_back(text.substr(i, end - i));
    i = end;
  }
  return found.empty() ? at_start : found;
}

std::vector<double> numbers_in(std::string_view text) {
  text = tail(text);
  std::vector<double> out;
  for (size_t i = 0; i < text.size() && out.size() < 16;) {
    const bool digit = text[i] >= '0' && text[i] <= '9';
    if (!digit || (i > 0 && is_word_byte(text[i - 1]))) {
      ++i;
      continue;
    }
    const size_t start = i > 0 && text[i - 1] == '-' ? i - 1 : i;
    double value = 0;
    const auto [end, error] =
        std::from_chars(text.data() + start, text.data() + text.size(), value, std::chars_format::fixed);
    if (error == std::errc{}) out.push_back(value);
    i = std::max<size_t>(static_cast<size_t>(end - text.data()), i + 1);
  }
  return out;
}

std::string write_answer(const Ask& ask, Rng& rng) {
  constexpr size_t kResultBytesMax = 600;
  const std::string topic = topic_of(ask.user_text);
  std::string out;
  out.reserve(512);
  for (const Media& media : ask.media) {
    if (!out.empty()) out.push_back(' ');
    out.append(media.kind == "image" || media.kind == "audio" ? "I see an " : "I see a ");
    out.append(media.kind).append(" (").append(media.what).append(").");
  }
  if (ask.last_role == Role::kTool) {
    fill(out, "Here is what I found about {}:", topic);
    for (const std::string& result : ask.tool_results) {
      out.push_back(' ');
      out.append(utf8_prefix(result, kResultBytesMax));
      if (!result.empty() && result.back() != '.') out.push_back('.');
    }
    fill(out, rng.pick(kClosers), topic);
    return out;
  }
  fill(out, rng.pick(kOpeners), topic);
  const size_t count = sentence_count(ask.user_text, rng);
  size_t at = rng.below(kSentences.size());
  for (size_t i = 0; i < count; ++i) {
    at = (at + 1 + rng.below(5)) % kSentences.size();  // never the same sentence twice in a row
    if (i > 0 && i % 6 == 0)
      out.append("\n\n").append(kSentences[at]);
    else
      fill(out, kSentences[at], topic);
  }
  if (count > 0) fill(out, rng.pick(kClosers), topic);
  return out;
}

std::string write_reasoning(const Ask& ask, Rng& rng) {
  const std::string topic = topic_of(ask.user_text);
  std::string out;
  fill(out, rng.pick(kThoughts), topic);
  const size_t count = 2 + rng.below(4);
  for (size_t i = 0; i < count; ++i) fill(out, kThoughtSteps[(i + rng.below(2)) % kThoughtSteps.size()], topic);
  return out;
}

std::string write_tool_preface(const Ask& ask, Rng& rng) {
  static constexpr std::array<std::string_view, 3> kPrefaces = {"Let me look that up: {}.", "I will check {} for you.",
                                                                "One moment, I am looking into {}."};
  std::string out;
  fill(out, rng.pick(kPrefaces), topic_of(ask.user_text));
  return out;
}

}  // namespace tracia::simulate
