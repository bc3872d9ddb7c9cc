// The state of a run of several ranks in a file, from which any number of them goes on.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/core/file.hpp>
#include <xgrad/core/lists.hpp>
#include <xgrad/core/random.hpp>
#include <xgrad/distributed/broadcast.hpp>
#include <xgrad/distributed/collect.hpp>
#include <xgrad/distributed/world.hpp>
#include <xgrad/io/named_tensor.hpp>
#include <xgrad/io/safetensors.hpp>
#include <xgrad/train/run.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace xgrad::inline XGRAD_ABI::distributed {

namespace detail {

inline constexpr auto generators_entry = "distributed.generators";   // (ranks * 4): the default ones
inline constexpr auto batch_sizes_entry = "distributed.batch_sizes";

/// The batch size of each loader among the parts.
template <class... Parts>
std::vector<std::uint64_t> batch_sizes_of(const Parts&... parts) {
    auto sizes = std::vector<std::uint64_t>{};
    train::detail::for_each_part([&]<class Part>(const Part& part, const std::string&) {
        if constexpr (train::detail::loader_part<Part>) sizes.push_back(part.options().batch_size);
    }, parts...);
    return sizes;
}

/// Where this rank's loader goes on where there were other ranks, or batches of another size, before: each has taken so many
/// batches of the epoch, so that as many samples from the beginning of its order are done. The last batch that begins within
/// them.
template <class Loader>
std::uint64_t batch_to_go_on_at(const Loader& loader, std::uint64_t taken, std::uint64_t ranks_before, std::uint64_t batch_size_before,
                                std::uint64_t ranks) {
    const auto done = taken * ranks_before * batch_size_before;
    return std::min<std::uint64_t>(done / (ranks * loader.options().batch_size), loader.size());
}

/// Puts these places into what a file says of the loaders among the parts.
template <class... Parts>
void place_loaders(const world& all, const std::string& path, train::detail::state_list& list, std::size_t ranks_before, Parts&... parts) {
    const auto sizes = train::detail::state_view{path, list}.template numbers<std::uint64_t>(batch_sizes_entry, batch_sizes_of(parts...).size());
    auto next = sizes.begin();
    train::detail::for_each_part([&]<class Part>(Part& part, const std::string& name) {
        if constexpr (train::detail::loader_part<Part>) {
            const auto before = *next++;
            if (ranks_before == all.size() && before == part.options().batch_size) return;
            auto place = train::detail::state_view{path, list}.template numbers<std::uint64_t>(name, 3);   // seed, epoch, batch
            place[2] = batch_to_go_on_at(part, place[2], ranks_before, before, all.size());
            *lists::find(list, name, &io::named_tensor::name) = io::named_tensor{name, train::detail::vector_of<std::uint64_t>(place)};
        }
    }, parts...);
}

/// The generator of this rank: what it had, or, of a rank that there was not, a stream of its own.
inline void set_generator(const world& all, const std::vector<std::uint64_t>& words) {
    auto own = std::array<std::uint64_t, 4>{};
    const auto saved = words.size() / own.size();
    std::copy_n(words.begin() + static_cast<std::ptrdiff_t>(all.rank() % saved * own.size()), own.size(), own.begin());
    with_default_generator([&](generator& numbers) {
        numbers.state(own);
        if (all.rank() < saved) return;
        auto seed = numbers() ^ all.rank() * 0xd1342543de82ef95u;
        numbers = generator{seed};
    });
}

}  // namespace detail

/// `train::save_run` of rank 0's parts, and the default generator of every rank. Rank 0 writes; the file appears under its
/// name when it is complete. `train::load_run` reads it, too. Throws `io_error`, on rank 0.
template <class... Parts>
void save_run(world& all, const std::string& path, const Parts&... parts) {
    const auto own = with_default_generator([](generator& numbers) { return numbers.state(); });
    auto generators = std::vector<std::uint64_t>{};
    for (const auto& each : detail::gather_numbers(all, std::span<const std::uint64_t>{own}, detail::deed::save))
        generators.insert(generators.end(), each.begin(), each.end());
    if (!all.is_first()) return;
    auto list = train::detail::state_of(parts...);
    list.emplace_back(detail::generators_entry, train::detail::vector_of<std::uint64_t>(generators));
    list.emplace_back(detail::batch_sizes_entry, train::detail::vector_of<std::uint64_t>(detail::batch_sizes_of(parts...)));
    io::save_tensors(list, path);
}

/// Rank 0 reads the file, all get what it holds; false, changing nothing, where there is none. With as many ranks as before
/// the run goes on to the bit; with another number, at about the same sample of the epoch's order, some of which may come
/// twice, and with other random numbers on ranks that there were not. A file of `train::save_run` counts as one of a single
/// rank. Throws what `train::load_run` throws.
template <class... Parts>
bool load_run(world& all, const std::string& path, Parts&... parts) {
    auto list = train::detail::state_list{};
    auto found = 0.0;
    if (all.is_first() && (xgrad::detail::input_file::exists(path) || errno != ENOENT)) {
        list = train::detail::read_state(path);
        found = 1;
    }
    if (detail::sums(all, {&found, 1})[0] == 0) return false;
    list = detail::broadcast_list(all, std::move(list), detail::deed::load);
    auto words = std::vector<std::uint64_t>{};
    if (const auto saved = train::detail::state_view{path, list}; saved.count_below(detail::generators_entry) != 0) {
        const auto all_words = saved.template get<std::uint64_t>(detail::generators_entry);
        words.assign(all_words.begin(), all_words.end());
        detail::place_loaders(all, path, list, words.size() / 4, parts...);
    }
    train::detail::restore_or_leave(path, list, parts...);
    if (!words.empty()) detail::set_generator(all, words);
    return true;
}

}  // namespace xgrad::distributed
