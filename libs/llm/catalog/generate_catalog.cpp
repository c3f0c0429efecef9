// tracia_generate_catalog MODELS.JSON OUT.CPP: a build tool. Writes the catalog as constant tables (src/catalog_data.h
// says which). All tables are flat arrays and the models point into them, so that the linker lays everything out.

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "read_models.h"

namespace tracia::llm::catalog {
namespace {

constexpr size_t kInputBytesMax = 16u << 20;

std::string number(int64_t n) { return std::to_string(n); }

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out.push_back('\\');
    out.push_back(c);
  }
  return out + "\"";
}

std::string rates_text(const RateSet& rates) {
  const std::pair<const char*, const std::optional<int64_t>*> members[] = {
      {"input", &rates.input},
      {"output", &rates.output},
      {"cached_read", &rates.cached_read},
      {"cache_write", &rates.cache_write},
      {"cache_write_1h", &rates.cache_write_1h},
      {"audio_input", &rates.audio_input},
      {"audio_output", &rates.audio_output},
  };
  std::string out;
  for (const auto& [name, value] : members) {
    if (!*value) continue;
    out.append(out.empty() ? "." : ", .").append(name).append(" = usd(").append(number(**value)).append(")");
  }
  return "{" + out + "}";
}

class Tables {
 public:
  explicit Tables(const std::vector<Model>& models) {
    for (const Model& model : models) add(model);
    std::sort(names_.begin(), names_.end());
  }

  std::string text() const {
    std::string out =
        "// Made from libs/llm/catalog/models.json; change that.\n#include <cstdint>\n\n#include \"catalog_data.h\"\n\n"
        "namespace tracia::llm::detail {\nnamespace {\n\n"
        "constexpr Decimal usd(int64_t picos) { return Decimal::from_units(Int128{picos} * 1'000'000); }\n"
        "constexpr Timestamp kLaunch{INT64_MIN};\n\n";
    out += table("std::string_view", "kWords", words_) + table("PriceTier", "kTiers", tiers_) +
           table("PricePeriod", "kPeriods", periods_) + table("ModelInfo", "kModels", models_);
    std::vector<std::string> entries;
    entries.reserve(names_.size());
    for (const auto& [name, is_alias, model] : names_) {
      entries.push_back("{" + quoted(name) + ", " + std::to_string(model) + ", " + (is_alias ? "true" : "false") + "}");
    }
    out += table("NameEntry", "kNames", entries);
    return out +
           "}  // namespace\n\nstd::span<const ModelInfo> catalog_models() { return kModels; }\n"
           "std::span<const NameEntry> catalog_names() { return kNames; }\n\n}  // namespace tracia::llm::detail\n";
  }

 private:
  static std::string table(const std::string& type, const std::string& name, const std::vector<std::string>& rows) {
    std::string out = "constexpr " + type + " " + name + "[] = {\n";
    for (const std::string& row : rows) out.append("    ").append(row).append(",\n");
    return out + "};\n\n";
  }

  static std::string slice(const char* name, size_t begin, size_t count) {
    if (count == 0) return "{}";
    return std::string("{") + name + " + " + std::to_string(begin) + ", " + std::to_string(count) + "}";
  }

  // Lists of words repeat from model to model: each is stored once.
  std::string list(const std::vector<std::string>& words) {
    const auto [it, is_new] = lists_.try_emplace(words, words_.size());
    if (is_new) {
      for (const std::string& word : words) words_.push_back(quoted(word));
    }
    return slice("kWords", it->second, words.size());
  }

  std::string price_list(const std::vector<Period>& prices) {
    const size_t begin = periods_.size();
    for (const Period& period : prices) {
      const size_t tier = tiers_.size();
      for (const Tier& t : period.tiers) {
        tiers_.push_back("{" + number(t.above_tokens) + ", " + rates_text(t.standard) + ", " + rates_text(t.batch) +
                         "}");
      }
      const std::string from = period.from_micros ? "Timestamp{" + number(*period.from_micros) + "}" : "kLaunch";
      periods_.push_back("{" + from + ", " + slice("kTiers", tier, period.tiers.size()) + "}");
    }
    return slice("kPeriods", begin, prices.size());
  }

  void add(const Model& m) {
    const auto position = static_cast<uint16_t>(models_.size());
    names_.emplace_back(m.name, false, position);
    for (const std::string& alias : m.aliases) names_.emplace_back(alias, true, position);
    std::string row = "{.provider = " + quoted(m.provider) + ", .name = " + quoted(m.name);
    const auto field = [&row](const char* name, const std::string& value) {
      row.append(", .").append(name).append(" = ").append(value);
    };
    field("aliases", list(m.aliases));
    field("kind", m.kind == "embedding" ? "ModelKind::kEmbedding" : "ModelKind::kChat");
    field("context_tokens", number(m.context));
    field("max_input_tokens", number(m.max_input));
    field("max_output_tokens", number(m.max_output));
    field("input_modalities", list(m.in));
    field("output_modalities", list(m.out));
    field("capabilities", list(m.can));
    field("dimensions", number(m.dimensions));
    field("released", quoted(m.released));
    field("deprecated", quoted(m.deprecated));
    field("prices", price_list(m.prices));
    field("source", quoted(m.source));
    field("regional_percent", number(m.regional_percent));
    for (const char* flag : {"responses_only", "max_completion_tokens", "developer_role", "dimensions_override"}) {
      if (std::find(m.flags.begin(), m.flags.end(), flag) != m.flags.end()) field(flag, "true");
    }
    models_.push_back(row + "}");
  }

  std::vector<std::string> words_, tiers_, periods_, models_;
  std::map<std::vector<std::string>, size_t> lists_;
  std::vector<std::tuple<std::string, bool, uint16_t>> names_;  // sorts names before aliases
};

bool read_file(const char* path, std::string& out) {
  std::FILE* file = std::fopen(path, "rb");
  if (file == nullptr) return false;
  out.resize(kInputBytesMax);
  out.resize(std::fread(out.data(), 1, out.size(), file));
  const bool ok = std::ferror(file) == 0 && out.size() < kInputBytesMax;
  std::fclose(file);
  return ok;
}

bool write_file(const char* path, const std::string& text) {
  std::FILE* file = std::fopen(path, "wb");
  if (file == nullptr) return false;
  const bool written = std::fwrite(text.data(), 1, text.size(), file) == text.size();
  return (std::fclose(file) == 0) && written;
}

int run(const char* in, const char* out) {
  std::string json;
  if (!read_file(in, json)) {
    std::fprintf(stderr, "%s: cannot be read\n", in);
    return 1;
  }
  const auto models = read_models(json);
  if (!models) {
    std::fprintf(stderr, "%s: %s\n", in, models.error().message.c_str());
    return 1;
  }
  if (write_file(out, Tables(*models).text())) return 0;
  std::fprintf(stderr, "%s: cannot be written\n", out);
  return 1;
}

}  // namespace
}  // namespace tracia::llm::catalog

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: tracia_generate_catalog MODELS.JSON OUT.CPP\n");
    return 1;
  }
  return tracia::llm::catalog::run(argv[1], argv[2]);
}
