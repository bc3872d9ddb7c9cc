// What rank 0 has, on all ranks.
#pragma once

#include <xgrad/autograd/record.hpp>
#include <xgrad/autograd/tensor.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/core/text.hpp>
#include <xgrad/distributed/collect.hpp>
#include <xgrad/distributed/mpi.hpp>
#include <xgrad/distributed/world.hpp>
#include <xgrad/io/named_tensor.hpp>
#include <xgrad/train/run.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace xgrad::inline XGRAD_ABI::distributed {

namespace detail {

using train::detail::state_list;

/// Bytes of rank 0, of a number that all know.
inline void broadcast_bytes(world& all, std::byte* bytes, std::size_t count) {
    constexpr auto most = std::size_t{1} << 30;
    for (auto at = std::size_t{0}; at < count; at += most) {
        const auto now = std::min(most, count - at);
        auto request = MPI_Request{};
        if (all.is_first()) all.count(now, 1);   // at least: how often MPI passes it on is its affair
        check_mpi("MPI_Ibcast", MPI_Ibcast(bytes + at, count_of(now), MPI_BYTE, 0, all.communicator(), &request));
        all.wait(request);
    }
}

/// What an entry is: "0.model.fc1.weight", "F32", (784, 512).
struct description {
    std::string name, dtype;
    shape sizes;

    bool operator==(const description&) const = default;
    std::string text() const { return xgrad::detail::joined_text(name, " of type ", dtype, " and shape ", sizes); }
};

/// As bytes: of each the rank, the sizes, and both texts, each behind its length.
inline std::vector<std::byte> packed(const std::vector<description>& list) {
    auto bytes = std::vector<std::byte>{};
    const auto append = [&](const void* from, std::size_t count) {
        const auto* const begin = static_cast<const std::byte*>(from);
        bytes.insert(bytes.end(), begin, begin + count);
    };
    const auto append_number = [&](std::uint64_t number) { append(&number, sizeof number); };
    for (const auto& each : list) {
        append_number(each.sizes.rank());
        for (auto axis = std::size_t{0}; axis < each.sizes.rank(); ++axis) append_number(each.sizes[axis]);
        for (const auto* const text : {&each.name, &each.dtype}) {
            append_number(text->size());
            append(text->data(), text->size());
        }
    }
    return bytes;
}

inline std::vector<description> unpacked(const std::vector<std::byte>& bytes) {
    auto list = std::vector<description>{};
    auto at = std::size_t{0};
    const auto number = [&] {
        auto value = std::uint64_t{0};
        std::memcpy(&value, bytes.data() + at, sizeof value);
        at += sizeof value;
        return static_cast<std::size_t>(value);
    };
    while (at < bytes.size()) {
        auto& each = list.emplace_back();
        for (auto rank = number(); rank != 0; --rank) each.sizes.push_back(number());
        for (auto* const text : {&each.name, &each.dtype}) {
            text->resize(number());
            std::memcpy(text->data(), bytes.data() + at, text->size());
            at += text->size();
        }
    }
    return list;
}

inline std::vector<description> descriptions_of(const state_list& list) {
    auto all = std::vector<description>{};
    for (const auto& each : list) all.push_back({each.name, std::string{each.dtype}, each.data->sizes});
    return all;
}

/// Throws `shape_error`, on all ranks, where a rank has other tensors than rank 0: other names, types or shapes, or another
/// number of them.
inline void compare_descriptions(world& all, const char* where, const std::vector<description>& own) {
    const auto packs = gather_bytes(all, packed(own), deed::check);
    const auto other = std::find_if(packs.begin(), packs.end(), [&](const auto& each) { return each != packs[0]; });
    if (other == packs.end()) return;
    const auto first = unpacked(packs[0]), theirs = unpacked(*other);
    const auto [a, b] = std::mismatch(first.begin(), first.end(), theirs.begin(), theirs.end());
    const auto text = [](const auto& list, const auto& at) { return at == list.end() ? std::string{"nothing more"} : at->text(); };
    fail<shape_error>(where, "rank ", static_cast<std::size_t>(other - packs.begin()), " has ", text(theirs, b), " where rank 0 has ", text(first, a),
                      "; all ranks must have the same network");
}

template <element... T>
void add_room(const description& of, state_list& list) {
    const auto add = [&]<element E>(std::type_identity<E>) {
        if (of.dtype == io::detail::dtype_of<E>()) list.emplace_back(of.name, xgrad::detail::make_result<E>(of.sizes));
    };
    (add(std::type_identity<T>{}), ...);
}

/// Rank 0's list on all ranks, the same there as it was given; others give an empty one.
inline state_list broadcast_list(world& all, state_list list, deed what) {
    if (!all.is_first()) list.clear();
    const auto described = unpacked(gather_bytes(all, packed(descriptions_of(list)), what)[0]);
    if (!all.is_first())
        for (const auto& each : described)
            add_room<bool, std::int8_t, std::int16_t, std::int32_t, std::int64_t, std::uint8_t, std::uint16_t, std::uint32_t, std::uint64_t, float, double>(each, list);
    for (auto& each : list) broadcast_bytes(all, each.data->elements, each.data->size * each.data->element_bytes);
    return list;
}

/// The tensors of a model, and nothing else.
template <class Module>
void broadcast_model(world& all, const char* where, Module& model) {
    compare_descriptions(all, where, descriptions_of(train::detail::tensors_in(model, "")));
    const auto list = broadcast_list(all, train::detail::tensors_in(model, ""), deed::broadcast);
    if (!all.is_first()) train::detail::set_module(model, "", train::detail::state_view{"rank 0", list});
}

}  // namespace detail

/// Brings what rank 0 has to all ranks: the parts are those of `train::save_run` (models with their buffers, optimizers,
/// schedules, loaders, generators, numbers), in the same order everywhere; the default generator is always among them. Before
/// that the tensors of models are compared: where names, types or shapes differ, that is a `shape_error` on all ranks that
/// names the first.
///
///     distributed::broadcast(world, net, opt, plan, batches);
template <class... Parts>
void broadcast(world& all, Parts&... parts) {
    auto models = detail::state_list{};
    train::detail::for_each_part([&](const auto& part, const std::string& prefix) {
        if (prefix.ends_with(".model.")) train::detail::add_state(part, prefix, models);
    }, parts...);
    detail::compare_descriptions(all, "broadcast", detail::descriptions_of(models));
    const auto list = detail::broadcast_list(all, train::detail::state_of(parts...), detail::deed::broadcast);
    if (all.is_first()) return;
    const auto source = std::string{"rank 0"};
    const auto last_steps = train::detail::restore(train::detail::state_view{source, list}, parts...);
    for (const auto& step : last_steps) step();
}

}  // namespace xgrad::distributed
