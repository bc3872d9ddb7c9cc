// The state of a run in a file, so that one that was killed goes on as if it had not been.
#pragma once

#include <xgrad/autograd/record.hpp>
#include <xgrad/autograd/tensor.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/dtype.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/core/file.hpp>
#include <xgrad/core/lists.hpp>
#include <xgrad/core/random.hpp>
#include <xgrad/io/module_tensors.hpp>
#include <xgrad/io/named_tensor.hpp>
#include <xgrad/io/safetensors.hpp>
#include <xgrad/io/safetensors_file.hpp>
#include <xgrad/io/safetensors_header.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace xgrad::inline XGRAD_ABI::train {

namespace detail {

inline constexpr auto run_format = std::uint64_t{1};   // another one for files that a reader would misunderstand

using state_list = std::vector<io::named_tensor>;

template <element T>
tensor<T, 1> vector_of(std::span<const T> values) {
    return tensor<T, 1>{values, {values.size()}};
}

/// What a file holds, by the beginning of the names.
class state_view {
public:
    state_view(const std::string& path, const state_list& list) : m_path{path}, m_list{list} {}

    template <class Error = io_error, class... Pieces>
    [[noreturn]] XGRAD_COLD void fail(const Pieces&... pieces) const {
        xgrad::fail<Error>("load_run", m_path, ": ", pieces...);
    }

    /// Throws `io_error` when it is not there, `dtype_error` when it is of another type.
    template <element T>
    tensor<T> get(const std::string& name) const {
        const auto& found = entry(name);
        if (found.dtype != io::detail::dtype_of<T>())
            fail<dtype_error>(name, " is ", found.dtype, ", to be loaded into ", io::detail::dtype_of<T>());
        found.data->handles.add();
        return xgrad::detail::access::adopt<T>(found.data.get());
    }
    template <element T>
    std::vector<T> numbers(const std::string& name, std::size_t count) const {
        const auto values = get<T>(name);
        if (values.size() != count) fail<shape_error>(name, " has ", values.size(), " numbers; it must have ", count);
        return {values.begin(), values.end()};
    }

    XGRAD_ON_DEMAND const io::named_tensor& entry(const std::string& name) const {
        const auto found = lists::find(m_list, name, &io::named_tensor::name);
        if (found == m_list.end()) fail_without(name);
        return *found;
    }

    [[noreturn]] XGRAD_COLD void fail_without(std::string_view name) const {
        fail("has no ", name, "; is it given the parts that it was saved with, in their order?");
    }

    /// All of type T whose name begins so, under the rest of it.
    template <element T>
    std::vector<std::pair<std::string, tensor<T>>> below(const std::string& prefix) const {
        auto list = std::vector<std::pair<std::string, tensor<T>>>{};
        for (const auto& each : m_list)
            if (each.name.starts_with(prefix)) list.emplace_back(each.name.substr(prefix.size()), get<T>(each.name));
        return list;
    }

    XGRAD_ON_DEMAND std::size_t count_below(const std::string& prefix) const {
        return lists::count_if(m_list, [&](const auto& each) { return each.name.starts_with(prefix); });
    }

private:
    const std::string& m_path;
    const state_list& m_list;
};

template <class Part>
concept loader_part = requires(Part& part) { part.go_to(part.position()); };
template <class Part>
concept optimizer_part = requires(Part& part) { part.parameters(); part.group_count(); part.load_state(part.state()); };
template <class Part>
concept stateful_part = requires(Part& part) { part.load_state(part.state()); };

/// What a part is called in a file, behind its number.
template <class Part>
constexpr const char* kind_of_part() {
    if constexpr (std::is_arithmetic_v<Part>) return "number";
    else if constexpr (std::is_same_v<Part, generator>) return "generator";
    else if constexpr (loader_part<Part>) return "loader";
    else if constexpr (optimizer_part<Part>) return "optimizer";
    else if constexpr (stateful_part<Part>) return "state";
    else return "model";
}

/// Each tensor of a module once, under the first of its names.
template <class Module>
state_list tensors_in(const Module& module, const std::string& prefix) {
    auto list = io::detail::tensors_of(module, false).tensors;
    for (auto& each : list) each.name.insert(0, prefix);
    return list;
}

/// Appends what there is to say about a part, under names that begin with `prefix`.
template <class Part>
void add_state(const Part& part, const std::string& prefix, state_list& list) {
    if constexpr (std::is_floating_point_v<Part>) {
        list.emplace_back(prefix, tensor<double, 0>{static_cast<double>(part)});
    } else if constexpr (std::is_arithmetic_v<Part>) {
        list.emplace_back(prefix, tensor<std::int64_t, 0>{static_cast<std::int64_t>(part)});
    } else if constexpr (std::is_same_v<Part, generator>) {
        list.emplace_back(prefix, vector_of<std::uint64_t>(part.state()));
    } else if constexpr (loader_part<Part>) {
        const auto at = part.position();
        list.emplace_back(prefix, vector_of<std::uint64_t>(std::array{at.seed, at.epoch, at.batch}));
    } else if constexpr (stateful_part<Part>) {
        if constexpr (optimizer_part<Part>) {
            auto rates = std::vector<double>{};
            for (auto group = std::size_t{0}; group < part.group_count(); ++group)
                rates.push_back(part.group_lr(group));
            list.emplace_back(prefix + "lrs", vector_of<double>(rates));
        }
        for (const auto& [name, value] : part.state()) list.emplace_back(prefix + "state." + name, value);
    } else {
        for (auto& each : tensors_in(part, prefix)) list.push_back(std::move(each));
    }
}

template <class Module>
void set_module(Module& module, const std::string& prefix, const state_view& from) {
    const auto own = tensors_in(module, prefix);
    for (const auto& each : own) {
        const auto& entry = from.entry(each.name);
        if (entry.dtype != each.dtype)
            from.fail<dtype_error>(each.name, " is ", entry.dtype, ", to be loaded into ", each.dtype);
        if (entry.data->sizes != each.data->sizes)
            from.fail<shape_error>(each.name, " is ", entry.data->sizes, ", to be loaded into ", each.data->sizes);
    }
    if (from.count_below(prefix) != own.size()) from.fail("holds tensors of the model that there is no place for");
    for (const auto& each : own) {
        const auto bytes = io::detail::bytes_of(each);
        if (bytes != 0) std::memcpy(each.data->elements, from.entry(each.name).data->elements, bytes);
        each.data->mark_changed();
    }
}

/// What is left to do when every part has been found to fit, and cannot fail.
using last_steps = std::vector<std::function<void()>>;

/// Where a loader's loop was left, its position does not tell where it begins next: it moves last, and never back.
template <class Part>
void set_loader(Part& part, const std::string& prefix, const state_view& from, last_steps& last) {
    const auto at = from.template numbers<std::uint64_t>(prefix, 3);
    const auto to = decltype(part.position()){at[0], at[1], at[2]};
    if constexpr (requires { part.can_go_to(to); })
        if (!part.can_go_to(to)) part.go_to(to);   // which says why not
    last.push_back([&part, to] { part.go_to(to); });
}

template <class Part>
void set_state(Part& part, const std::string& prefix, const state_view& from, last_steps& last) {
    if constexpr (std::is_floating_point_v<Part>) {
        part = static_cast<Part>(from.template numbers<double>(prefix, 1)[0]);
    } else if constexpr (std::is_arithmetic_v<Part>) {
        part = static_cast<Part>(from.template numbers<std::int64_t>(prefix, 1)[0]);
    } else if constexpr (std::is_same_v<Part, generator>) {
        auto words = std::array<std::uint64_t, 4>{};
        const auto saved = from.template numbers<std::uint64_t>(prefix, words.size());
        std::copy(saved.begin(), saved.end(), words.begin());
        part.state(words);
    } else if constexpr (loader_part<Part>) {
        set_loader(part, prefix, from, last);
    } else if constexpr (optimizer_part<Part>) {
        using T = typename std::remove_cvref_t<decltype(part.state())>::value_type::value_type;
        const auto rates = from.template numbers<double>(prefix + "lrs", part.group_count());
        const auto unknown = part.load_state(from.template below<T>(prefix + "state."));
        if (!unknown.empty()) from.fail("remembers of the optimizer what belongs to no parameter: ", unknown.front());
        for (auto group = std::size_t{0}; group < rates.size(); ++group) part.group_lr(group, rates[group]);
    } else if constexpr (stateful_part<Part>) {
        using T = typename std::remove_cvref_t<decltype(part.state())>::value_type::value_type;
        try {
            part.load_state(from.template below<T>(prefix + "state."));
        } catch (...) {
            if (from.count_below(prefix) == 0) from.fail_without(std::string_view{prefix}.substr(0, prefix.size() - 1));
            throw;
        }
    } else {
        set_module(part, prefix, from);
    }
}

/// Calls f(part, prefix) for each part: "0.model.", "1.optimizer.", ...
template <class F, class... Parts>
void for_each_part(const F& f, Parts&... parts) {
    auto number = std::size_t{0};
    (f(parts, std::to_string(number++) + '.' + kind_of_part<std::remove_cv_t<Parts>>() + '.'), ...);
}

template <class... Parts>
state_list state_of(const Parts&... parts) {
    auto list = state_list{};
    list.emplace_back("xgrad_run_format", tensor<std::uint64_t, 0>{run_format});
    with_default_generator([&](generator& numbers) { add_state(numbers, "default_generator", list); });
    for_each_part([&](const auto& part, const std::string& prefix) { add_state(part, prefix, list); }, parts...);
    return list;
}

template <class... Parts>
last_steps restore(const state_view& from, Parts&... parts) {
    auto last = last_steps{};
    for_each_part([&](auto& part, const std::string& prefix) { set_state(part, prefix, from, last); }, parts...);
    with_default_generator([&](generator& numbers) { set_state(numbers, "default_generator", from, last); });
    return last;
}

/// `restore`, or, where it throws, nothing.
template <class... Parts>
void restore_or_leave(const std::string& path, const state_list& saved, Parts&... parts) {
    auto before = state_of(parts...);
    for (auto& each : before) each = io::detail::clone(std::move(each));
    try {
        for (const auto& step : restore(state_view{path, saved}, parts...)) step();
    } catch (...) {
        restore(state_view{path, before}, parts...);   // loaders are where they were
        throw;
    }
}

template <element... T>
void read_entry(io::detail::safetensors_file& source, const io::detail::tensor_entry& entry, state_list& list) {
    const auto read = [&]<element E>(std::type_identity<E>) {
        if (entry.dtype != io::detail::dtype_of<E>()) return;
        auto x = xgrad::detail::make_result<E>(entry.sizes);
        source.read(entry, entry.dtype, xgrad::detail::access::get(x).elements);
        list.emplace_back(entry.name, x);
    };
    (read(std::type_identity<T>{}), ...);
}

XGRAD_ON_DEMAND XGRAD_COLD state_list read_state(const std::string& path) {
    auto source = io::detail::safetensors_file{path};
    auto list = state_list{};
    for (const auto& entry : source.entries())
        read_entry<bool, std::int8_t, std::int16_t, std::int32_t, std::int64_t, std::uint8_t, std::uint16_t,
                   std::uint32_t, std::uint64_t, float, double>(source, entry, list);
    const auto view = state_view{path, list};
    const auto is_format = [](const auto& each) { return each.name == "xgrad_run_format"; };
    if (std::none_of(list.begin(), list.end(), is_format)) view.fail("is no file of save_run");
    const auto format = view.numbers<std::uint64_t>("xgrad_run_format", 1)[0];
    if (format != run_format) view.fail("has format ", format, "; this version reads ", run_format);
    return list;
}

}  // namespace detail

/// Writes the state of a run to a file, which appears under its name when it is complete, in place of what was there.
/// Parts are, in any order: models, optimizers, schedules, early stopping, histories and whatever else has `state()`
/// and `load_state`, loaders (their position), generators, and numbers of one's own (an epoch, the best metric). The
/// default generator is always among them. The file is a safetensors file. Throws `io_error`.
///
///     train::save_run("run.safetensors", net, opt, plan, batches, best);
template <class... Parts>
void save_run(const std::string& path, const Parts&... parts) {
    io::save_tensors(detail::state_of(parts...), path);
}

/// Reads it into the same parts, in the same order, and gives back true; false, changing nothing, when there is no such
/// file. From there the run goes on to the bit as the one would have that was saved:
///
///     train::load_run("run.safetensors", net, opt, plan, batches, best);
///     for (auto epoch = batches.position().epoch; epoch < epochs; ++epoch)
///         for (auto [x, y] : batches) { ... }
///
/// Saved after a `break` out of the inner loop, it goes on with the batches that are left of that epoch; where the
/// break was to end the epoch, `batches.end_epoch()` before `save_run` says so.
///
/// Throws `io_error` for a file that is broken, of another format, or lacks a part; `shape_error`, `dtype_error`,
/// `value_error` where a part differs. When it throws, all parts are as they were.
template <class... Parts>
bool load_run(const std::string& path, Parts&... parts) {
    // One that must not be read is an error.
    if (!xgrad::detail::input_file::exists(path) && errno == ENOENT) return false;
    const auto saved = detail::read_state(path);
    detail::restore_or_leave(path, saved, parts...);
    return true;
}

}  // namespace xgrad::train
