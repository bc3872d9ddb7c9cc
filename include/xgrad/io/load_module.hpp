// A module filled from a safetensors file: all of it, or nothing.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/core/lists.hpp>
#include <xgrad/core/memory.hpp>
#include <xgrad/core/shape.hpp>
#include <xgrad/core/text.hpp>
#include <xgrad/io/elements.hpp>
#include <xgrad/io/module_tensors.hpp>
#include <xgrad/io/named_tensor.hpp>
#include <xgrad/io/safetensors_file.hpp>
#include <xgrad/io/safetensors_options.hpp>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace xgrad::inline XGRAD_ABI::io::detail {

/// What does not fit, gathered until all of it is known.
struct load_problems {
    std::vector<std::string> missing, unexpected, misshaped, mistyped, others;
    std::string hint;   ///< what helps, said once

    /// Throws what there is to say, by the first kind that says all of it.
    XGRAD_ON_DEMAND XGRAD_COLD void report(const xgrad::detail::input_file& file) const {
        auto text = std::string{};
        const auto add = [&](const std::string& sentence) { append_item(text, sentence, "; "); };
        const auto all_of = [](const std::vector<std::string>& names) {
            auto list = std::string{};
            for (const auto& name : names) append_item(list, name);
            return list;
        };
        if (!missing.empty()) add("has no tensor " + all_of(missing));
        if (!unexpected.empty()) add("holds " + all_of(unexpected) + ", that there is no place for");
        for (const auto* const list : {&misshaped, &mistyped, &others})
            for (const auto& sentence : *list) add(sentence);
        if (text.empty()) return;
        if (!hint.empty()) add(hint);
        if (!missing.empty() && !unexpected.empty())
            add("where only the names differ, {.rename = ...} brings them together");
        if (!missing.empty() || !unexpected.empty() || !others.empty()) file.fail(text);
        if (mistyped.empty()) file.fail<shape_error>(text);
        if (misshaped.empty()) file.fail<dtype_error>(text);
        file.fail(text);
    }
};

/// A template, as an XGRAD_ON_DEMAND function is: so that its members are made when somebody loads a module.
template <class = void>
class module_loader {
public:
    module_loader(const module_tensors& module, const load_options& options, const std::string& path)
        : m_module{module}, m_options{options}, m_file{path}, m_found(module.tensors.size()) {}

    XGRAD_COLD load_report load() {
        name_entries();
        for (const auto& place : m_module.places) match(place);
        find_missing();
        find_unexpected();
        if (!m_options.strict && !m_found.empty() && !lists::contains(m_found, true))
            m_problems.others.push_back("holds no tensor of the module at all");
        check_layout();
        m_problems.report(m_file.file());
        fill();
        return std::move(m_report);
    }

private:
    struct named_entry {
        std::string name;   ///< in the module
        const tensor_entry* entry;
        bool used = false;
    };
    struct tensor_match {
        const tensor_place* place;
        const tensor_entry* entry;
    };

    /// The entries by the names that they have in the module.
    void name_entries() {
        for (const auto& entry : m_file.entries()) {
            auto name = m_options.rename ? m_options.rename(entry.name) : entry.name;
            if (name.empty() && m_options.rename) m_report.skipped.push_back(entry.name);
            else m_entries.push_back({std::move(name), &entry});
        }
        std::sort(m_entries.begin(), m_entries.end(), [](const named_entry& a, const named_entry& b) {
            const auto order = a.name.compare(b.name);
            return order != 0 ? order < 0 : a.entry < b.entry;
        });
        for (auto i = std::size_t{1}; i < m_entries.size(); ++i)
            if (m_entries[i - 1].name == m_entries[i].name)
                m_problems.others.push_back("both " + m_entries[i - 1].entry->name + " and " +
                                            m_entries[i].entry->name + " are renamed to " + m_entries[i].name);
    }

    /// Finds the entry for a place, if there is one.
    void match(const tensor_place& place) {
        const auto found =
            std::lower_bound(m_entries.begin(), m_entries.end(), place.name,
                             [](const named_entry& each, const std::string& name) { return each.name < name; });
        if (found == m_entries.end() || found->name != place.name) return;
        found->used = true;
        m_found[place.tensor] = true;
        const auto& entry = *found->entry;
        const auto& tensor = m_module.tensors[place.tensor];
        const auto sizes = m_module.sizes_in_file(place);
        if (!readable_as(entry.dtype, tensor.dtype)) {
            if (m_options.skip_other_types) m_report.skipped.push_back(entry.name);
            else
                m_problems.mistyped.push_back(
                    xgrad::detail::joined({"tensor ", entry.name, " is ", entry.dtype, ", to be loaded into ",
                                           tensor.dtype, "; element types are not converted"}));
        } else if (entry.sizes != sizes) m_problems.misshaped.push_back(misshaped(entry, sizes, place));
        else m_matches.push_back({&place, &entry});
    }

    std::string misshaped(const tensor_entry& entry, const shape& sizes, const tensor_place& place) {
        if (sizes.rank() == 2 && entry.sizes == shape{sizes[1], sizes[0]})
            m_problems.hint =
                !place.transposed ? "transpose it first: some libraries keep a weight as (out, in)"
                : m_module.as_pytorch
                    ? "the file has xgrad's own layout: load it without {.layout = io::layout::pytorch}"
                    : "PyTorch keeps a weight as (out, in): {.layout = io::layout::pytorch} transposes it";
        return xgrad::detail::joined({"tensor ", entry.name, " is ", entry.sizes, ", to be loaded into ", sizes});
    }

    /// A tensor is missing when the file has it by none of its names.
    void find_missing() {
        for (auto i = std::size_t{0}; i < m_found.size(); ++i) {
            if (m_found[i]) continue;
            const auto& name = m_module.tensors[i].name;
            (may_differ(name) ? m_report.missing : m_problems.missing).push_back(name);
        }
    }
    void find_unexpected() {
        for (const auto& each : m_entries) {
            if (each.used) continue;
            if (m_options.skip_other_types && !has_tensors_of(*each.entry))
                m_report.skipped.push_back(each.entry->name);
            else if (may_differ(each.name)) m_report.unexpected.push_back(each.entry->name);
            else m_problems.unexpected.push_back(described(*each.entry));
        }
    }

    /// Whether a name may stand on one side alone. Not every version of PyTorch counts batches.
    bool may_differ(std::string_view name) const {
        return !m_options.strict ||
               (m_module.as_pytorch && (name == "num_batches_tracked" || name.ends_with(".num_batches_tracked")));
    }
    static bool has_tensors_of(const tensor_entry& entry) {
        return dtype_bits(entry.dtype) >= 8 && entry.dtype != "C64" && !entry.dtype.starts_with("F8_");
    }
    static std::string described(const tensor_entry& entry) {
        return has_tensors_of(entry) ? entry.name : entry.name + " (" + entry.dtype + ")";
    }

    /// Square weights fit in either layout, so where no other weight decides, the file's own word does.
    void check_layout() {
        if (!m_problems.misshaped.empty()) return;
        const auto other = std::string_view{m_module.as_pytorch ? "xgrad" : "pt"};
        if (m_file.format() != other) return;
        const auto decides = [](const tensor_match& each) {
            return each.place->transposed && each.entry->sizes[0] != each.entry->sizes[1];
        };
        const auto doubtful = [](const tensor_match& each) { return each.place->transposed; };
        if (lists::none_of(m_matches, doubtful) || lists::any_of(m_matches, decides)) return;
        m_problems.others.push_back(
            m_module.as_pytorch
                ? "says that it has xgrad's own layout: load it without {.layout = io::layout::pytorch}"
                : "says that it is PyTorch's, and its square weights cannot tell: "
                  "{.layout = io::layout::pytorch} transposes them");
    }

    /// All elements are read before the first one is written to the module.
    void fill() {
        // Each begins where an element of any type may stand.
        const auto room_of = [](const named_tensor& x) {
            return (bytes_of(x) + memory::alignment - 1) / memory::alignment * memory::alignment;
        };
        auto bytes = std::size_t{0};
        for (const auto& each : m_matches) bytes += room_of(m_module.tensors[each.place->tensor]);
        const auto staging = memory::scratch<std::byte>{bytes};
        auto first_of = std::vector<std::byte*>(m_module.tensors.size(), nullptr);
        auto* at = staging.data();
        for (const auto& each : m_matches) {
            const auto& tensor = m_module.tensors[each.place->tensor];
            m_file.read(*each.entry, tensor.dtype, at, m_module.turned(*each.place));
            auto*& first = first_of[each.place->tensor];
            if (first == nullptr) first = at;
            else if (std::memcmp(first, at, bytes_of(tensor)) != 0)
                m_file.file().fail("has two values for ", each.entry->name, ", which the module shares with ",
                                   tensor.name);
            at += room_of(tensor);
        }
        for (auto i = std::size_t{0}; i < first_of.size(); ++i) {
            if (first_of[i] == nullptr) continue;
            const auto& tensor = m_module.tensors[i];
            if (bytes_of(tensor) != 0) std::memcpy(tensor.data->elements, first_of[i], bytes_of(tensor));
            tensor.data->mark_changed();
        }
    }

    const module_tensors& m_module;
    const load_options& m_options;
    safetensors_file m_file;
    std::vector<bool> m_found;   ///< by the tensor's number, whether the file has it
    std::vector<named_entry> m_entries;
    std::vector<tensor_match> m_matches;
    load_problems m_problems;
    load_report m_report;
};

XGRAD_ON_DEMAND XGRAD_COLD load_report load_module(const module_tensors& module, const load_options& options, const std::string& path) {
    return module_loader{module, options, path}.load();
}

}  // namespace xgrad::inline XGRAD_ABI::io::detail

// Defined by xgrad::compiled.
#if defined(XGRAD_COMMON_INSTANCE)
namespace xgrad::inline XGRAD_ABI::io::detail {
XGRAD_COMMON_INSTANCE load_report load_module<>(const module_tensors&, const load_options&, const std::string&);
}
#endif
